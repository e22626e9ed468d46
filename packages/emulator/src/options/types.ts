import type { CentralEmulator } from '../central/types';
import type { DpsEmulator } from '../dps/types';
import type { Faults } from '../faults/types';
import type { FileUploadOptions } from '../hub/files/types';
import type { HubEmulator } from '../hub/types';
import type { UnverifiedBehavior } from './unverified-behavior';

/** A hub that is linked to DPS. */
export interface HubOptions {
  /** Must be given to one hub only. */
  name: string;
  /**
   * The host name by which devices know the hub. Default: `hostName` of the emulator; with `sharedPorts`,
   * `{name}.{hostName}`. The name must lead to this machine, e.g. by an entry in `/etc/hosts` or an alias of a container.
   */
  hostName?: string;
  /** TCP port. Default: a free one. Not with `sharedPorts`. */
  port?: number;
  /** The hub's share of the devices that are allocated `hashed`, 1 to 1000. Default 1. */
  allocationWeight?: number;
  /** What `geoLatency` compares, in milliseconds, from 0: the lowest gets the device. Default 0. */
  latencyMs?: number;
}

/** Limits to what DPS takes, over all devices; beyond it, requests are answered 429001 with `retry-after`. */
export interface DpsThrottling {
  /** Registrations a minute, over all devices. Azure's limit is 1000. Default: none. */
  registrationsPerMinute?: number;
  /** Polls of one device in ten seconds. Azure's limit is 5. Default: none. */
  pollsPerTenSeconds?: number;
}

/** Options of `startEmulator`. */
export interface EmulatorOptions {
  /** The hubs that are linked to DPS, or their names. Default `['hub-1']`. Without any, registrations fail with 400208. */
  hubs?: readonly (string | HubOptions)[];
  /** Names of the IoT Central applications. Default `['central']`. The first is {@link Emulator.central}. */
  centralApplications?: readonly string[];
  /**
   * Name or address of the interface to listen on. Default 127.0.0.1, and with it ::1 where there is such an address and
   * nobody else has the port: `localhost` may stand for both. On any other than a loopback interface, devices and
   * whoever else reaches this machine can reach the emulator, and a warning of the process says so.
   */
  host?: string;
  /** The name by which devices reach the emulator; it is in the servers' certificate. Default `localhost`. */
  hostName?: string;
  /** TCP port of the global endpoint. Default: a free one. Not with `sharedPorts`. */
  port?: number;
  /**
   * Serves DPS and all hubs together on each of these TCP ports, told apart by the names that clients give, for clients
   * that cannot be told a port: `[8883, 443]`. Host names carry the first port unless it is 8883. Default: a port for
   * each service.
   */
  sharedPorts?: readonly number[];
  /**
   * The port that host names carry in place of the first of `sharedPorts`, for clients that come through a port mapping or
   * `createEmulatorAgent`; 8883 stands for no port. Default: the first of `sharedPorts`.
   */
  announcedPort?: number;
  /** How hubs keep the files that devices upload. Default: in memory, 256 MB a hub. */
  fileUploads?: FileUploadOptions;
  /**
   * A folder in which everything that must outlive the emulator is kept: enrollments, devices, twins, waiting messages,
   * names, ports, ID scopes and the servers' certificate. Made if it does not exist, and for one emulator at a time.
   * Changes are written after 50 ms (later while that would take more than a tenth of the time), and all are on disk when
   * {@link Emulator.close} resolves. What the other options leave out is as it was; what they say explicitly wins and is
   * kept from then on. Default: nothing is kept.
   */
  stateDirectory?: string;
  /** Where the random choices of {@link Emulator.faults} begin: the same seed, the same faults. Default 1. */
  seed?: number;
  /** Default: no limits. */
  throttling?: DpsThrottling;
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
  /** `localhost:port`: what a device takes for the provisioning host, for DPS and IoT Central alike. No port if it is 8883. */
  readonly globalEndpoint: string;
  /** The root of the servers' certificates, as PEM: what a device has to trust. */
  readonly ca: string;
  /** The TCP ports of the option of that name, with what the system has chosen for 0. Empty without the option. */
  readonly sharedPorts: readonly number[];
  readonly dps: DpsEmulator;
  /** The first of {@link centralApplications}. */
  readonly central: CentralEmulator;
  /** The IoT Central applications, in the order of the option. */
  readonly centralApplications: readonly CentralEmulator[];
  /** The hubs that are linked to {@link dps}, in the order of the option. */
  readonly hubs: readonly HubEmulator[];
  /** Faults of the network and the services, put in by a test. */
  readonly faults: Faults;
  /** The hub with that host name (`localhost:port`), the hidden ones of IoT Central included. */
  findHub(hostName: string): HubEmulator | undefined;
  /** Drops every client and frees the ports; afterwards no socket and no timer is left. Idempotent, never rejects. */
  close(): Promise<void>;
}
