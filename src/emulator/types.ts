import type { CentralEmulator } from './central/types';
import type { DpsEmulator } from './dps/types';
import type { HubEmulator } from './hub/types';
import type { UnverifiedBehavior } from './unverified-behavior';

/** Options of `startEmulator`. */
export interface EmulatorOptions {
  /** Names of the hubs that are linked to DPS. Default `['hub-1']`. Without any, registrations fail with 400208. */
  hubs?: readonly string[];
  /** The ID scope of `emulator.dps`. Default: random, of the form `0ne` and eight upper-case hexadecimal digits. */
  idScope?: string;
  /** What devices are told to wait between two polls, in seconds, from 0. Default 3, which is what Azure answers. */
  retryAfterSeconds?: number;
  /**
   * How many polls are answered `assigning` before the one that tells the outcome, from 0. Default 1. The answer to
   * the registration itself is always `assigning` and does not count.
   */
  pollsBeforeAssigned?: number;
  /** Where Azure's behavior is not known for sure. Default: see {@link UnverifiedBehavior}. */
  unverifiedBehavior?: Partial<UnverifiedBehavior>;
}

/** DPS, IoT Hub and IoT Central on the loopback interface of this machine. */
export interface Emulator extends AsyncDisposable {
  /** The ID scope of {@link dps}. */
  readonly idScope: string;
  /** `localhost:port`: what a device takes for the provisioning host, for DPS and IoT Central alike. */
  readonly globalEndpoint: string;
  /** The root of the servers' certificates, as PEM: what a device has to trust. */
  readonly ca: string;
  readonly dps: DpsEmulator;
  readonly central: CentralEmulator;
  /** The hubs that are linked to {@link dps}, in the order of the option. */
  readonly hubs: readonly HubEmulator[];
  /** The hub with that host name (`localhost:port`), the hidden one of IoT Central included. */
  findHub(hostName: string): HubEmulator | undefined;
  /** Drops every client and frees the ports; afterwards no socket and no timer is left. Idempotent, never rejects. */
  close(): Promise<void>;
}
