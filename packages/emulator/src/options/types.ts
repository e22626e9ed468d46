import type { UnverifiedBehavior } from './unverified-behavior';

/** A hub that is linked to DPS. */
export interface HubOptions {
  /** Letters, digits and dashes, at most 50. Unique among all hubs and applications. */
  name: string;
  /**
   * The host name by which devices know the hub. Default: `hostName` of the emulator; with `sharedPorts`,
   * `{name}.{hostName}`. The name must lead to this machine, e.g. by an entry in `/etc/hosts` or an alias of a
   * container.
   */
  hostName?: string;
  /** TCP port. Default: a free one. Not with `sharedPorts`. */
  port?: number;
  /** The hub's share of the devices that are allocated `hashed`, 1 to 1000. Default 1. */
  allocationWeight?: number;
  /** The latency that `geoLatency` compares, in milliseconds, from 0: the lowest gets the device. Default 0. */
  latencyMs?: number;
}

/** Limits of DPS over all devices. Requests beyond them are answered 429001 with `retry-after`. */
export interface DpsThrottling {
  /** Registrations a minute, over all devices. Azure's limit is 1000. Default: none. */
  registrationsPerMinute?: number;
  /** Polls of one device in ten seconds. Azure's limit is 5. Default: none. */
  pollsPerTenSeconds?: number;
}

/** Option `fileUploads` of `startEmulator`: the storage for the files that devices upload. */
export interface FileUploadOptions {
  /**
   * A folder for the files, each at `{directory}/{hub}/{device}/{blob}` with names percent-encoded. Made for the first
   * file, readable by its owner only. Names that a file system cannot hold are refused. Default: memory only.
   */
  directory?: string;
  /**
   * The memory of one hub for files, in bytes. The oldest files make room for new ones. Not used with `directory`.
   * Default 256 MB.
   */
  maxBytes?: number;
  /**
   * The time from a device's request for an upload to the upload's end, in seconds, 1 to 86 400. Default 3600, as in
   * Azure.
   */
  sasTtlSeconds?: number;
}

/** Options of `startEmulator`. */
export interface EmulatorOptions {
  /**
   * The hubs that are linked to DPS, or their names. Default `['hub-1']`. Without any, registrations fail with 400208.
   */
  hubs?: readonly (string | HubOptions)[];
  /** Names of the IoT Central applications. Default `['central']`. The first is `Emulator.central`. */
  centralApplications?: readonly string[];
  /**
   * Name or address of the interface to listen on. Default 127.0.0.1, and with it ::1 where there is such an address
   * and no other program has the port: `localhost` may stand for both. On an interface other than loopback, every
   * client that reaches this machine can reach the emulator, and the process emits a warning.
   */
  host?: string;
  /** The name by which devices reach the emulator. The servers' certificate has it. Default `localhost`. */
  hostName?: string;
  /** TCP port of the global endpoint. Default: a free one. Not with `sharedPorts`. */
  port?: number;
  /**
   * TCP ports that DPS and all hubs share, for clients that cannot be configured with a port:
   * `[8883, 443]`. The names that clients give identify the services. Host names carry the first port unless it is
   * 8883. Default: a port for each service.
   */
  sharedPorts?: readonly number[];
  /**
   * The port that host names carry in place of the first of `sharedPorts`, for clients that come through a port mapping
   * or `createEmulatorAgent`; 8883 stands for no port. Default: the first of `sharedPorts`.
   */
  announcedPort?: number;
  /** The storage for the files that devices upload. Default: in memory, 256 MB a hub. */
  fileUploads?: FileUploadOptions;
  /**
   * A folder for the state that must outlive the emulator: enrollments, devices, twins, waiting messages, names, ports,
   * ID scopes and the servers' certificate. Made if it does not exist, and for one emulator at a time. Changes are
   * written after 50 ms (later while that would take more than a tenth of the time), and all are on disk when
   * `Emulator.close` resolves. Options that are left out have their stored values; given options replace the stored
   * values. Default: nothing is kept.
   */
  stateDirectory?: string;
  /** Default: no limits. */
  throttling?: DpsThrottling;
  /** The ID scope of `emulator.dps`. Default: random, of the form `0ne` and eight upper-case hexadecimal digits. */
  idScope?: string;
  /** The `retry-after` between two polls, in seconds, from 0. Default 3, as in Azure. */
  retryAfterSeconds?: number;
  /**
   * The number of polls that are answered `assigning` before the outcome, from 0. Default 1. The answer
   * to the registration itself is always `assigning` and does not count.
   */
  pollsBeforeAssigned?: number;
  /** The choices where Azure's behavior is not known for sure. Default: see {@link UnverifiedBehavior}. */
  unverifiedBehavior?: Partial<UnverifiedBehavior>;
}
