import type { DeviceConnection } from '../../index';
import type { ProxyRule } from '../../options/proxy';
import type { Registration } from '../../options/registration';
import type { ProvisionOptions, TransportKind } from '../../options/types';

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
  | 'registration'
  | 'hub-connection'
  | 'telemetry';

/** The outcome of a step. */
export interface Outcome {
  /** `skipped`: the step was not tried. */
  readonly status: 'ok' | 'warning' | 'failed' | 'skipped';
  /** One sentence or part of one, without a full stop. */
  readonly summary: string;
  /** The cure of a warning or failure. */
  readonly remedy?: string;
  /** Further facts, a line each. */
  readonly details?: readonly string[];
  /** Facts for programs. */
  readonly data?: object;
}

/** The network as the steps reach it. */
export interface Network {
  /** The addresses of a name. */
  readonly lookup: (host: string) => Promise<readonly string[]>;
  /** The port of each transport, for hosts that come without one. */
  readonly ports: Readonly<Record<TransportKind, number>>;
  /** The timeout of one probe (a DNS query, a TCP connection, a TLS handshake), in milliseconds. */
  readonly probeTimeoutMs: number;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly now: () => Date;
}

/** The device that is examined, and the results of steps that later steps need. */
export interface Examination {
  readonly options: ProvisionOptions;
  readonly transport: TransportKind;
  /** Host of DPS, perhaps with a port. */
  readonly globalEndpoint: string;
  readonly network: Network;
  /** Roots to trust besides the runtime's. */
  roots?: readonly string[] | undefined;
  registrationId?: string;
  proxyFor?: ProxyRule;
  registration?: Registration;
  connection?: DeviceConnection;
}

/** One step of the way of a device to its hub. */
export interface Step {
  readonly name: StepName;
  /** For people. */
  readonly title: string;
  /** The step is tried only if these succeeded. */
  readonly needs: readonly StepName[];
  /**
   * Examines. A rejection with a DeviceError or CommandError is a failure of the step; the signal's reason ends the
   * examination.
   */
  run(examination: Examination, signal: AbortSignal): Promise<Outcome>;
}
