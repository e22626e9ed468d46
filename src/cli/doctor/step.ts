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
  | 'telemetry'
  | 'features';

/** The outcome of a step. */
export interface Outcome {
  /** `skipped`: the step was not tried. */
  readonly status: 'ok' | 'warning' | 'failed' | 'skipped';
  /** A sentence or a part of one, without a full stop. */
  readonly summary: string;
  /** The remedy for a warning or failure. */
  readonly remedy?: string;
  /** Further facts, a line each. */
  readonly details?: readonly string[];
  /** Facts for programs. */
  readonly data?: object;
}

/** The network functions of the steps. */
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
  /** Host of DPS, with or without a port. */
  readonly globalEndpoint: string;
  readonly network: Network;
  /** Roots to trust besides the runtime's. */
  roots?: readonly string[] | undefined;
  registrationId?: string;
  proxyFor?: ProxyRule;
  registration?: Registration;
  connection?: DeviceConnection;
}

/** One step from a device to its hub. */
export interface Step {
  readonly name: StepName;
  /** The title in text output. */
  readonly title: string;
  /** The step is tried only if these succeeded. */
  readonly needs: readonly StepName[];
  /**
   * Runs the step. A rejection with a DeviceError or CommandError is a failure of the step; the signal's reason ends
   * the command.
   */
  run(examination: Examination, signal: AbortSignal): Promise<Outcome>;
}
