import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { READING_RULES } from '../packages/certificates/src/reading/problem';
import { RULES } from '../packages/certificates/src/checking/rules';
import type { SeverityByKind } from '../packages/certificates/src/checking/rules/rule';
import { ENROLLMENT_KINDS, type EnrollmentKind } from '../packages/certificates/src/enrollment';
import type { DeviceErrorCode } from '../packages/certificates/src/errors';
import { SERVICE_CODES, wordsFor, type ServiceCodeEntry } from '../src/errors/service-codes';

/* Writes docs/errors.md from the tables that the errors themselves come from. */

const PAGE = join(__dirname, '..', 'docs', 'errors.md');

interface CodeDescription {
  readonly class: string;
  readonly meaning: string;
  readonly remedy: string;
}

/** Every code; one that is added to the library must be added here, or this does not compile. */
const DEVICE_ERRORS = {
  INVALID_OPTIONS: {
    class: 'InvalidOptionsError',
    meaning: 'Options are missing, malformed or contradict each other; every problem is listed.',
    remedy: 'Correct the options that are named.',
  },
  FILE_EXISTS: {
    class: 'FileError',
    meaning: 'A file would have been overwritten.',
    remedy: 'Remove it or choose another name.',
  },
  FILE_NOT_WRITABLE: {
    class: 'FileError',
    meaning: 'A file or directory could not be written.',
    remedy: 'Check that it exists and that this user may write there.',
  },
  FILE_NOT_READABLE: {
    class: 'FileError',
    meaning: 'A file could not be read.',
    remedy: 'Check the path, and that this user may read it.',
  },
  CREDENTIALS_INVALID: {
    class: 'CredentialsError',
    meaning: 'Certificate, chain or key breaks a rule; nothing was sent.',
    remedy: 'See the findings in `report`, and the [checks](#checks-of-the-credentials) below.',
  },
  REGISTRATION_REFUSED: {
    class: 'ProvisioningError',
    meaning: 'DPS answered the registration with an error.',
    remedy: 'See `serviceCode` under [answers of DPS](#answers-of-dps).',
  },
  REGISTRATION_FAILED: {
    class: 'ProvisioningError',
    meaning: 'DPS accepted the request, then failed to assign the device to a hub.',
    remedy: 'See `serviceCode` under [answers of DPS](#answers-of-dps).',
  },
  ENROLLMENT_DISABLED: {
    class: 'ProvisioningError',
    meaning: 'The enrollment is disabled, or the device is blocked in IoT Central.',
    remedy: 'Enable the enrollment, or unblock the device, in the portal.',
  },
  THROTTLED: {
    class: 'ProvisioningError',
    meaning: 'DPS answered for too long that it is busy.',
    remedy: 'Try again later, at random times if there are many devices.',
  },
  INVALID_RESPONSE: {
    class: 'ProvisioningError, ConnectionError',
    meaning: 'The server sent an answer that is not part of the protocol.',
    remedy: 'Check the endpoint.',
  },
  UNAUTHORIZED: {
    class: 'ConnectionError',
    meaning:
      'The service refused this identity: its MQTT connection, or its certificate with an alert of TLS.',
    remedy:
      'See `serviceCode` under [refused connections](#refused-connections-connack); without one, the message names the alert.',
  },
  SERVICE_UNAVAILABLE: {
    class: 'ConnectionError, ProvisioningError',
    meaning: 'The service is not available at present, or does not speak this protocol.',
    remedy: 'See `serviceCode` under [refused connections](#refused-connections-connack); try again later.',
  },
  SUBSCRIPTION_REFUSED: {
    class: 'ConnectionError',
    meaning: 'The service refused a subscription.',
    remedy: 'Check the endpoint.',
  },
  FEATURE_REFUSED: {
    class: 'ConnectionError',
    meaning:
      'The hub refused cloud-to-device messages, direct methods or the device twin; the connection goes on without them.',
    remedy: 'Use a hub of the Standard or Free tier; hubs of the Basic tier do not have these features.',
  },
  TWIN_REFUSED: {
    class: 'ConnectionError',
    meaning:
      'The hub answered the reading of the twin, or the update of its reported properties, with an error.',
    remedy: 'See `serviceCode` under [codes of IoT Hub](#codes-of-iot-hub-in-logs).',
  },
  HOST_NOT_FOUND: {
    class: 'ConnectionError',
    meaning: 'The host name has no address.',
    remedy: 'Check the spelling of the endpoint, and that this machine can resolve public names.',
  },
  NAME_RESOLUTION_FAILED: {
    class: 'ConnectionError',
    meaning: 'The name server did not answer, or not in time.',
    remedy: 'Check the network connection and the name server.',
  },
  CONNECTION_REFUSED: {
    class: 'ConnectionError',
    meaning: 'Nothing accepts connections at this host and port.',
    remedy: 'Let port 8883 pass the firewall, or 443 with transport "mqtt-ws".',
  },
  NETWORK_UNREACHABLE: {
    class: 'ConnectionError',
    meaning: 'There is no route to the host.',
    remedy: 'Check the network and the firewall.',
  },
  LOCAL_FAILURE: {
    class: 'ConnectionError',
    meaning:
      'This machine could not make a connection: it lacks files, memory or ports for it, or its firewall or sandbox forbids it.',
    remedy: 'See the message; a `DeviceConnection` tries again by itself.',
  },
  PROXY_UNREACHABLE: {
    class: 'ConnectionError',
    meaning: 'The HTTP proxy cannot be reached, is not trusted or does not answer as a proxy does.',
    remedy: 'Check option `proxy` or the variable `HTTPS_PROXY`.',
  },
  PROXY_REFUSED: {
    class: 'ConnectionError',
    meaning: 'The HTTP proxy refused to connect to the service.',
    remedy:
      'Put user and password into its URL (status 407), or have connections to port 443 of the host allowed.',
  },
  SERVER_NOT_TRUSTED: {
    class: 'ConnectionError',
    meaning: 'The certificate of the server is not trusted, has expired or is made for another name.',
    remedy:
      'Check the clock and the endpoint; give the root of a proxy or the emulator with `ca` or `caFile`.',
  },
  TLS_FAILED: {
    class: 'ConnectionError',
    meaning: 'The TLS handshake failed for another reason.',
    remedy: 'See the message: it names the alert of the server, or the error of TLS on this machine.',
  },
  CONNECTION_LOST: {
    class: 'ConnectionError',
    meaning: 'The connection broke.',
    remedy:
      'Nothing: a `DeviceConnection` connects again by itself. If it goes on, see the probable causes in `remedy`.',
  },
  NOT_REGISTERED: {
    class: 'ConnectionError',
    meaning: 'DPS has not assigned the device to a hub yet.',
    remedy: "Wait for `whenConnected()` after `connectDevice({ start: 'background' })`.",
  },
  CONNECTION_CLOSED: {
    class: 'ConnectionError',
    meaning: 'The connection was closed by its owner.',
    remedy: 'Wait for pending calls before closing.',
  },
  QUEUE_FULL: {
    class: 'ConnectionError',
    meaning: 'The connection is down, and the queue of messages is full.',
    remedy: 'Send less, or wait for the state `connected`.',
  },
  MESSAGE_REFUSED: {
    class: 'ConnectionError',
    meaning: 'The hub ended every connection that got this message alone. The other messages are sent.',
    remedy:
      'Compare the message with one that is accepted: properties, content type and encoding, size ([what happens](connection.md#messages-that-the-hub-refuses)).',
  },
  UPLOAD_REFUSED: {
    class: 'ConnectionError',
    meaning: 'The hub, or the storage account behind it, answered a file upload with an error.',
    remedy:
      'See `serviceCode` under [codes of IoT Hub](#codes-of-iot-hub-in-logs); the message has the code of Azure Storage.',
  },
  UPLOAD_FAILED: {
    class: 'ConnectionError',
    meaning: 'The content of a file upload could not be read to its end; nothing of it is kept.',
    remedy: 'See `cause`, the error of the stream.',
  },
  TIMEOUT: {
    class: 'TimeoutError',
    meaning: 'The deadline passed; the message names the step.',
    remedy: 'Check endpoint, network and firewall, or give more time with `timeoutMs`.',
  },
} as const satisfies Record<DeviceErrorCode, CodeDescription>;

/** Text that Markdown must not take for markup. */
function plain(text: string): string {
  return text.replace(/[\\|<>*_[\]]/g, '\\$&');
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)];
}

const KIND_NAMES = (kinds: readonly EnrollmentKind[]): string =>
  kinds.map((kind) => `\`${kind}\``).join(', ');

/** A text that is the same for all kinds stands alone; otherwise each text names its kinds. */
function byKind(title: string, words: ServiceCodeEntry['meaning']): string[] {
  const kinds = new Map<string, EnrollmentKind[]>();
  for (const kind of ENROLLMENT_KINDS) {
    const text = wordsFor(words, kind);
    kinds.set(text, [...(kinds.get(text) ?? []), kind]);
  }
  if (kinds.size === 1) return [...kinds.keys()].map((text) => `- ${title}: ${plain(text)}`);
  return [`- ${title}:`, ...[...kinds].map(([text, having]) => `  - ${KIND_NAMES(having)}: ${plain(text)}`)];
}

function serviceCode(entry: ServiceCodeEntry): string[] {
  const { code, name, meaning, remedy, evidence, isTransient } = entry;
  return [
    `### ${code === undefined ? '' : `${code} `}${plain(name)}`,
    '',
    ...byKind('Meaning', meaning),
    ...byKind('What to do', remedy),
    `- ${isTransient ? 'May pass by itself' : 'Stays until something is changed'}. Evidence: ${evidence}.`,
    '',
  ];
}

function section(where: (entry: ServiceCodeEntry) => boolean): string[] {
  return SERVICE_CODES.filter(where).flatMap(serviceCode);
}

function severities(severity: SeverityByKind): string {
  const kinds = new Map<string, EnrollmentKind[]>();
  for (const kind of ENROLLMENT_KINDS)
    kinds.set(severity[kind], [...(kinds.get(severity[kind]) ?? []), kind]);
  if (kinds.size === 1) return severity['hub-group'];
  return [...kinds].map(([grade, having]) => `${grade}: ${KIND_NAMES(having)}`).join('; ');
}

/** The page. */
export function renderErrorDocs(): string {
  return [
    '# Errors',
    '',
    '<!-- Generated by `npm run docs:errors` from the tables in the source. Do not edit. -->',
    '<!-- prettier-ignore-start -->',
    '',
    'Every error has a stable `code`, a `message`, a `remedy` and `isTransient`; where a service answered also `service`, its',
    '`serviceCode` and `trackingId`. Messages may be reworded in any release, codes change in a major one only.',
    '',
    '- [Codes of this package](#codes-of-this-package)',
    '- [Answers of DPS](#answers-of-dps)',
    '- [Refused connections (CONNACK)](#refused-connections-connack)',
    '- [Codes of IoT Hub in logs](#codes-of-iot-hub-in-logs)',
    '- [Checks of the credentials](#checks-of-the-credentials)',
    '',
    '## Codes of this package',
    '',
    ...table(
      ['`code`', 'Class', 'Meaning', 'What to do'],
      Object.entries(DEVICE_ERRORS).map(([code, { class: name, meaning, remedy }]) => [
        `\`${code}\``,
        `\`${name}\``,
        meaning,
        remedy,
      ]),
    ),
    '',
    'The evidence for the codes of the services below is *documented* by Microsoft or the MQTT standard, *observed* in client',
    'code and published logs, or *inferred* from the two. The same number has different meanings at DPS and at a hub.',
    '',
    '## Answers of DPS',
    '',
    'A `ProvisioningError` has these codes as its `serviceCode`. IoT Central registers its devices through DPS as well. A',
    'number of three digits stands for every code that begins with it and is not listed. If a code is listed twice, the text',
    'of the service identifies the entry.',
    '',
    ...section(({ service, seen }) => service === 'dps' && seen === 'answer'),
    '## Refused connections (CONNACK)',
    '',
    'A `ConnectionError` has these codes as its `serviceCode`.',
    '',
    ...(['dps', 'hub'] as const).flatMap((service) => [
      `**${service === 'dps' ? 'By DPS' : 'By a hub'}**`,
      '',
      ...section((entry) => entry.service === service && entry.seen === 'CONNACK'),
    ]),
    '## Codes of IoT Hub in logs',
    '',
    'Over MQTT a hub only refuses or closes a connection. The reason is in Azure Monitor (Azure portal \\> your IoT hub \\>',
    'Logs, with the category *Connections* switched on under *Diagnostic settings*), in HTTP answers and in twin operations.',
    'A `ConnectionError` of a file upload, which uses HTTPS, has these codes as its `serviceCode`.',
    '',
    ...section(({ seen }) => seen === 'log'),
    '## Checks of the credentials',
    '',
    '`checkCredentials` and `connectDevice` apply the same rules. An *error* blocks the connection, *warning* and *info*',
    'never do.',
    '',
    '### Rules',
    '',
    '`skipChecks` switches these rules off by name.',
    '',
    ...table(
      ['Rule', 'Severity', 'What is checked', 'Source'],
      RULES.map(({ name, severity, checks, source }) => [
        `\`${name}\``,
        severities(severity),
        plain(checks),
        plain(source),
      ]),
    ),
    '',
    '### Reading',
    '',
    'These rules cannot be switched off, because without readable credentials a device has nothing to present.',
    '',
    ...table(
      ['Rule', 'Severity', 'What is checked', 'Source'],
      Object.entries(READING_RULES).map(([name, { severity, checks, source }]) => [
        `\`${name}\``,
        severity,
        plain(checks),
        plain(source),
      ]),
    ),
    '',
    '<!-- prettier-ignore-end -->',
    '',
  ].join('\n');
}

/** Tells whether docs/errors.md is up to date. */
export function areErrorDocsCurrent(): boolean {
  return readFileSync(PAGE, 'utf8').replaceAll('\r\n', '\n') === renderErrorDocs();
}

if (require.main === module) writeFileSync(PAGE, renderErrorDocs());
