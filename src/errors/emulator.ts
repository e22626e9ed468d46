import { X509Certificate } from 'node:crypto';
import { shellWord } from 'azure-iot-certificates/internal';
import type { EnrollmentKind, ServiceName } from 'azure-iot-certificates';

/** The service and the device of an error, for the message and the remedy. */
export interface Peer {
  readonly service: ServiceName;
  /** Host name, and port where one was given. */
  readonly host: string;
  readonly registrationId: string;
  readonly enrollment: EnrollmentKind;
  /** The file with the certificate of the device, if it came from one. */
  readonly certFile?: string | undefined;
  /** Roots to trust besides the runtime's own, as PEM. */
  readonly roots?: readonly string[] | undefined;
  /** The number of connections in a row that have ended soon after they were made. Default 1. */
  readonly shortLived?: number | undefined;
}

const LOOPBACK = /^(?:(?:[\w-]+\.)*localhost|127(?:\.\d{1,3}){3}|\[::1\])\.?(?::\d+)?$/i;
/** The name of the root that the emulator makes for its servers. */
const EMULATOR_ROOT = /^CN=azure-iot-emulator root$/m;
/** The variable of the official samples, which `azure-iot-emulator status --env` sets. */
const HOST_VARIABLE = 'PROVISIONING_HOST';

/** Tells whether the host is this machine. */
export function isLoopback(host: string): boolean {
  return LOOPBACK.test(host);
}

/**
 * Tells whether a service is the emulator: its root is trusted for it, or, with the roots of the runtime alone, which
 * `NODE_EXTRA_CA_CERTS` may add to, it is on this machine.
 */
export function isEmulator({ host, roots }: Pick<Peer, 'host' | 'roots'>): boolean {
  if (roots === undefined) return isLoopback(host);
  return roots.some((pem) => EMULATOR_ROOT.test(new X509Certificate(pem).subject));
}

type Words = (peer: Peer) => string;

const SCOPE = 'Compare the ID scope with those of the emulator: azure-iot-emulator status.';
const compareScope: Words = () => SCOPE;

const enroll: Words = ({ enrollment, registrationId, certFile }) => {
  const file = certFile === undefined ? 'CERTIFICATE' : shellWord(certFile);
  const ways: Readonly<Record<EnrollmentKind, string>> = {
    'hub-individual': `Enroll the certificate: azure-iot-emulator enroll ${file}.`,
    'hub-group':
      'Enroll a verified authority: azure-iot-emulator ca add AUTHORITY, then ca verify, then azure-iot-emulator group GROUP --ca NAME. Send every intermediate below it.',
    'central-individual': `Enroll the certificate: azure-iot-emulator central device ${registrationId} --cert ${file}.`,
    'central-group':
      'Enroll a verified authority: azure-iot-emulator central group NAME AUTHORITY, then verify it. Send every intermediate below it.',
  };
  return `${ways[enrollment]} What is enrolled already: azure-iot-emulator enrollments. ${SCOPE}`;
};
const approve: Words = ({ registrationId }) =>
  `Approve or unblock the device: azure-iot-emulator central change approve ${registrationId}.`;
const enable: Words = ({ enrollment, registrationId }) => {
  if (enrollment.startsWith('central-'))
    return `Unblock the device: azure-iot-emulator central change unblock ${registrationId}.`;
  const name = enrollment === 'hub-group' ? 'GROUP --group' : registrationId;
  return `Enable the enrollment: azure-iot-emulator enrollment enable ${name}. ${SCOPE}`;
};
const slower: Words = () => 'Send less often.';
const later: Words = () => 'Try again later.';
const register: Words = ({ registrationId }) =>
  `Look for the device: azure-iot-emulator devices. If it is disabled: azure-iot-emulator device enable ${registrationId}. If it is missing or has another certificate, register again.`;

/** The remedies in terms of the emulator, by service and code: six-digit, of HTTP, or of a CONNACK. */
const REMEDIES: Readonly<Record<string, Words>> = {
  'dps 3': compareScope,
  'dps 4': compareScope,
  'dps 5': compareScope,
  'dps 400208': () => 'Start the emulator with a hub: azure-iot-emulator start --hub NAME.',
  'dps 400209': approve,
  'dps 401000': enable,
  'dps 401002': enroll,
  'dps 404': enroll,
  'dps disabled': enable,
  'hub 2': register,
  'hub 4': register,
  'hub 5': register,
  'hub 403002': () => 'Wait until 00:00 UTC.',
  'hub 429': slower,
  'hub 500': later,
  'hub 502': later,
  'hub 503': later,
};

/** A remedy that leads to a portal. The emulator has none. */
const PORTAL = /\bportal\b|IoT Central >|support request/i;
const INSPECT =
  'Compare the device with what the emulator has: azure-iot-emulator status (ID scopes), azure-iot-emulator enrollments, azure-iot-emulator devices.';

/**
 * The remedy for an answer of a service. That of the emulator is in terms of its commands.
 *
 * @param usual the remedy for the services of Azure
 */
export function remedyAt(
  peer: Omit<Peer, 'registrationId'> & { readonly registrationId?: string | undefined },
  code: number | 'disabled' | undefined,
  usual: string,
): string {
  if (!isEmulator(peer)) return usual;
  const own = [String(code), String(code).slice(0, 3)]
    .map((one) => `${peer.service} ${one}`)
    .find((key) => Object.hasOwn(REMEDIES, key));
  const words = own === undefined ? undefined : REMEDIES[own];
  if (words) return words({ ...peer, registrationId: peer.registrationId ?? 'DEVICE' });
  return PORTAL.test(usual) ? INSPECT : usual;
}

/** Leaves out where in a portal something is found, which stands in parentheses. */
export function withoutPortal(remedy: string): string {
  return remedy.replaceAll(/ \([^()]*\bportal\b[^()]*\)/gi, '');
}

/** A hint at the variable that has named an endpoint on this machine; empty if none has. */
export function endpointHint(host: string, env: NodeJS.ProcessEnv = process.env): string {
  return isLoopback(host) && env[HOST_VARIABLE] === host
    ? ` The endpoint is the value of the environment variable ${HOST_VARIABLE}; without it, the device goes to Azure (azure-iot-emulator status --unset prints the lines).`
    : '';
}
