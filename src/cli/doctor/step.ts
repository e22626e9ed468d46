import type { ConnectOptions, TransportKind } from '../../options/types';
import type { Device } from '../../provisioning/device';
import type { ProxyRule } from '../../options/proxy';
import type { Registration } from '../../options/registration';
import type { HubLink } from '../../hub/link';

/** The services that a device talks to. */
export type Service = 'dps' | 'hub';

/** The names of the steps, which programs rely on. */
export type StepName =
  | 'credentials'
  | 'clock'
  | 'proxy'
  | `${Service}-name`
  | `${Service}-port`
  | `${Service}-tls`
  | 'server-time'
  | 'registration'
  | 'hub-connection'
  | 'telemetry';

/** What a step found. */
export interface Finding {
  /** `skipped`: nothing can be said. */
  readonly status: 'ok' | 'warning' | 'failed' | 'skipped';
  /** One sentence or part of one, without a full stop. */
  readonly summary: string;
  /** The cure, of a warning or failure. */
  readonly remedy?: string;
  /** Further facts, a line each. */
  readonly details?: readonly string[];
  /** Facts for programs. */
  readonly data?: object;
}

/** How the outside is reached, which tests replace. */
export interface Network {
  /** The addresses of a name. */
  readonly lookup: (host: string) => Promise<readonly string[]>;
  /** The port of each transport, for hosts that come without one. */
  readonly ports: Readonly<Record<TransportKind, number>>;
  /** How long one probe may take: a name, a port, a handshake. In milliseconds. */
  readonly probeTimeoutMs: number;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly now: () => Date;
}

/** What is examined, and what the steps so far have brought to light for the next ones. */
export interface Examination {
  readonly options: ConnectOptions;
  readonly transport: TransportKind;
  /** Host of DPS, perhaps with a port. */
  readonly globalEndpoint: string;
  readonly network: Network;
  /** Roots to trust besides the runtime's. */
  roots?: readonly string[] | undefined;
  /** The device, when its credentials can work. */
  device?: Device;
  proxyFor?: ProxyRule;
  /** The ports of DPS that can be reached. */
  openPorts?: readonly number[];
  registration?: Registration;
  link?: HubLink;
}

/** One thing to look at. */
export interface Step {
  readonly name: StepName;
  /** For people. */
  readonly title: string;
  /** What the progress line says. */
  readonly doing: string;
  /** Makes sense only if these did not fail and were not left out. */
  readonly needs: readonly StepName[];
  /**
   * Looks. What it rejects with is a failure with a message and a remedy; the signal's reason ends the examination.
   *
   * @throws DeviceError, CommandError
   */
  run(examination: Examination, signal: AbortSignal): Promise<Finding>;
}
