import type { CredentialsReport } from './report';
import { visible } from './text';

/** The Azure service that an error concerns: the Device Provisioning Service (`dps`) or an IoT hub. */
export type ServiceName = 'dps' | 'hub';

/**
 * The stable, machine-readable name of an error. Messages may be reworded in any release; codes change only in a
 * major one.
 */
export type DeviceErrorCode =
  /** Options are missing, malformed or contradict each other. {@link InvalidOptionsError} */
  | 'INVALID_OPTIONS'
  /** A file would have been overwritten, could not be written or could not be read. */
  | 'FILE_EXISTS'
  | 'FILE_NOT_WRITABLE'
  | 'FILE_NOT_READABLE'
  /** The certificate, its chain or its key cannot work with this enrollment. {@link CredentialsError} */
  | 'CREDENTIALS_INVALID'
  /** DPS answered the registration with an error. {@link ProvisioningError} */
  | 'REGISTRATION_REFUSED'
  /** DPS accepted the request, then ended it with status `failed`. {@link ProvisioningError} */
  | 'REGISTRATION_FAILED'
  /** The enrollment, or the device in IoT Central, is disabled or blocked. {@link ProvisioningError} */
  | 'ENROLLMENT_DISABLED'
  /** DPS kept answering that it is busy until the deadline. {@link ProvisioningError} */
  | 'THROTTLED'
  /** The service sent an answer that is not part of its protocol. */
  | 'INVALID_RESPONSE'
  /** The service refused this identity: its MQTT connection (CONNACK 2, 4 or 5), or its certificate (a TLS alert). */
  | 'UNAUTHORIZED'
  /** The service refused the MQTT connection for a reason of its own (CONNACK 1 or 3). */
  | 'SERVICE_UNAVAILABLE'
  /** The service refused a subscription. */
  | 'SUBSCRIPTION_REFUSED'
  /** The host name has no address. */
  | 'HOST_NOT_FOUND'
  /** The name server did not answer. */
  | 'NAME_RESOLUTION_FAILED'
  /** Nothing listens on the port. */
  | 'CONNECTION_REFUSED'
  /** No route to the host or the network. */
  | 'NETWORK_UNREACHABLE'
  /** This machine could not make a connection: it lacks files, memory or ports for it, or its rules forbid it. */
  | 'LOCAL_FAILURE'
  /** The HTTP proxy has no address, cannot be reached, is not trusted or does not answer as a proxy does. */
  | 'PROXY_UNREACHABLE'
  /** The HTTP proxy refused to connect to the service, or demands authentication. */
  | 'PROXY_REFUSED'
  /** The server's certificate is not signed by a trusted root, has expired or is made for another name. */
  | 'SERVER_NOT_TRUSTED'
  /** The TLS handshake failed for another reason. */
  | 'TLS_FAILED'
  /** The connection broke. */
  | 'CONNECTION_LOST'
  /** The connection was closed by its owner. */
  | 'CONNECTION_CLOSED'
  /** The connection is down and the queue of messages is full. */
  | 'QUEUE_FULL'
  /** The hub, or the storage account behind it, answered a file upload with an error. */
  | 'UPLOAD_REFUSED'
  /** The content of a file upload could not be read to its end. */
  | 'UPLOAD_FAILED'
  /** The deadline passed. {@link TimeoutError} */
  | 'TIMEOUT';

/** The properties of an error. */
export interface DeviceErrorInit {
  code: DeviceErrorCode;
  /** The failure in words, with its subject (the option, the file, the host, the certificate). */
  message: string;
  /** The way to correct it: a command, a portal step, a setting. */
  remedy: string;
  /** `true` if the same call may succeed later without any change. Default `false`. */
  isTransient?: boolean | undefined;
  service?: ServiceName | undefined;
  serviceCode?: number | undefined;
  trackingId?: string | undefined;
  cause?: unknown;
}

/** The base of all errors. Neither an error nor its `cause` ever holds key material. */
export abstract class DeviceError extends Error {
  /** The stable, machine-readable name of this error. */
  readonly code: DeviceErrorCode;
  /** The way to correct it, in words. */
  readonly remedy: string;
  /** `true` if the same call may succeed later without any change. */
  readonly isTransient: boolean;
  /** The service that refused, failed or could not be reached, if one was involved. */
  declare readonly service?: ServiceName;
  /** The service's own six-digit code, e.g. 401002, or the return code of a CONNACK packet (1 to 5). */
  declare readonly serviceCode?: number;
  /** The service's tracking ID, to be quoted in a support request. */
  declare readonly trackingId?: string;

  constructor(init: DeviceErrorInit) {
    super(visible(init.message), init.cause === undefined ? undefined : { cause: init.cause });
    this.name = new.target.name;
    this.code = init.code;
    this.remedy = visible(init.remedy);
    this.isTransient = init.isTransient ?? false;
    if (init.service !== undefined) this.service = init.service;
    if (init.serviceCode !== undefined) this.serviceCode = init.serviceCode;
    if (init.trackingId !== undefined) this.trackingId = init.trackingId;
  }
}

/** A single remedy unchanged; several as a list with their subjects. */
function listed(remedies: readonly (readonly [subject: string, remedy: string])[]): string {
  const [[, only] = ['', ''], ...more] = remedies;
  return more.length === 0 ? only : remedies.map(([subject, remedy]) => `- ${subject}${remedy}`).join('\n');
}

/** One problem of one option. */
export interface OptionProblem {
  /** The option's name, e.g. `idScope`. */
  option: string;
  /** The problem, as a sentence that follows the option's name. Never the value of a secret. */
  message: string;
  /** The way to correct it. */
  remedy: string;
}

/** Options are missing, malformed or contradict each other. Lists every problem at once. */
export class InvalidOptionsError extends DeviceError {
  declare readonly code: 'INVALID_OPTIONS';
  /** The problems, at least one. */
  readonly problems: readonly OptionProblem[];

  constructor(problems: readonly OptionProblem[]) {
    const lines = problems.map(({ option, message }) => `${option} ${message}`);
    super({
      code: 'INVALID_OPTIONS',
      message: lines.length === 1 ? `Option ${lines.join('')}` : `Invalid options:\n- ${lines.join('\n- ')}`,
      remedy: listed(problems.map(({ option, remedy }) => [`${option}: `, remedy])),
    });
    this.problems = problems;
  }
}

/** A file could not be read or written, or would have been overwritten. */
export class FileError extends DeviceError {
  declare readonly code: 'FILE_EXISTS' | 'FILE_NOT_WRITABLE' | 'FILE_NOT_READABLE';
  /** The path as it was given. */
  readonly path: string;

  constructor(init: DeviceErrorInit & Pick<FileError, 'code' | 'path'>) {
    super(init);
    this.path = init.path;
  }
}

/** The certificate, its chain or its private key cannot work. Raised before any packet is sent. */
export class CredentialsError extends DeviceError {
  declare readonly code: 'CREDENTIALS_INVALID';
  /** The report with all findings, warnings included. */
  declare readonly report: CredentialsReport;

  constructor(report: CredentialsReport) {
    const errors = report.findings.filter((finding) => finding.severity === 'error');
    const lines = errors.map((finding) => finding.message);
    super({
      code: 'CREDENTIALS_INVALID',
      message:
        lines.length === 1 ? lines.join('') : `The credentials cannot be used:\n- ${lines.join('\n- ')}`,
      remedy: listed(errors.map((finding) => [`${finding.rule}: `, finding.remedy])),
    });
    // Not enumerable: node prints the certificates of an uncaught error's report as pages of bytes.
    Object.defineProperty(this, 'report', { value: report });
  }
}
