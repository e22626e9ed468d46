import type { CertificateSource, ChainSource, CredentialsOptions, KeySource } from 'azure-iot-certificates';
import type { AssignmentStore } from './assignment-store';

export type { CertificateSource, ChainSource, CredentialsOptions, KeySource } from 'azure-iot-certificates';

/**
 * Certificate authorities to trust besides the runtime's roots: at most one of the two. Servers are always verified.
 */
export type ServerTrust =
  | {
      /** PEM text of further roots for the servers' certificates, e.g. the emulator's. */
      ca?: string | Buffer;
      caFile?: never;
    }
  | {
      /** Path of such a PEM file. */
      caFile?: string;
      ca?: never;
    };

/** MQTT over TLS on port 8883, or MQTT over secure WebSockets on port 443. */
export type TransportKind = 'mqtt' | 'mqtt-ws';

/** Other credentials for the same device: those of a renewed certificate. */
export type CredentialsUpdate = CertificateSource &
  KeySource &
  ChainSource & {
    /** Decrypts the private key (or the PKCS#12 file). */
    passphrase?: string;
  };

/** Options of `provisionDevice`. */
export type ProvisionOptions = CredentialsOptions &
  ServerTrust & {
    /** The ID scope of the Device Provisioning Service or of the IoT Central application, e.g. `0ne00ABCDEF`. */
    idScope: string;
    /**
     * Host name of the Device Provisioning Service. Default `global.azure-devices-provisioning.net`. A port may
     * follow (`localhost:18883`), which only the emulator and gateways need.
     */
    globalEndpoint?: string;
    /** Digital twin model ID (`dtmi:…`), announced to DPS as `payload.modelId` and to the hub as `model-id`. */
    modelId?: string;
    /** JSON object given to a custom allocation policy. */
    payload?: Readonly<Record<string, unknown>>;
    /** Default `mqtt`. */
    transport?: TransportKind;
    /**
     * URL of the HTTP proxy that connections of transport `mqtt-ws` go through, e.g.
     * `http://user:password@proxy.example.com:8080`; `false` for none. Default: the proxy that the environment
     * variables `HTTPS_PROXY` and `NO_PROXY` name. Refused with transport `mqtt`, which never goes through a proxy.
     */
    proxy?: string | false;
    /**
     * Deadline of the whole call, in milliseconds. Default 120 000. The time in which the call waits for its turn,
     * because many others of the process connect at the same moment, does not count.
     */
    timeoutMs?: number;
    /** Aborts the call, which then rejects with `signal.reason`. */
    signal?: AbortSignal;
  };

/** The delays between attempts to connect, and their limits. All values are in milliseconds. */
export interface ReconnectOptions {
  /** Bound of the first delay. A delay is random below its bound, and the bound doubles. Default 1000. */
  minDelayMs?: number;
  /** The largest bound, except while DPS refuses the device. Default 60 000. */
  maxDelayMs?: number;
  /** The largest bound while DPS refuses the device. Default 3 600 000, an hour. */
  maxRefusedDelayMs?: number;
  /**
   * Time without a connection after which the connection is closed, from its loss or from the first failed attempt.
   * Default: none. 0: one failure closes the connection.
   */
  giveUpAfterMs?: number;
  /** Time in which every attempt was refused by DPS or the hub, after which the connection is closed. Default: none. */
  giveUpAfterRefusedMs?: number;
}

/**
 * The queue of messages that wait while the connection is down. A message above one of the limits is refused with code
 * `QUEUE_FULL`. While the connection is up nothing is refused.
 */
export interface OfflineQueueOptions {
  /** Largest number of messages. Default 1000; 0 refuses all. */
  maxMessages?: number;
  /** Largest sum of the bytes of bodies and properties. Default 67 108 864 (64 MiB); 0 refuses all. */
  maxBytes?: number;
}

/** The memory of the last assignment: at most one of the two. Default: none. */
export type AssignmentMemory =
  | {
      /** A store of the caller's own, or `memoryAssignmentStore()`. */
      assignments?: AssignmentStore;
      assignmentFile?: never;
    }
  | {
      /** Path of a JSON file, which several devices and processes may share; see `fileAssignmentStore()`. */
      assignmentFile?: string;
      assignments?: never;
    };

/** Options of `connectDevice`. */
export type ConnectOptions = ProvisionOptions &
  AssignmentMemory & {
    /**
     * Longest time without a packet, in seconds; an idle connection sends pings. Default 60; at most 1177, because IoT
     * Hub closes a connection after 1.5 times this value and never waits longer than 29.45 minutes.
     */
    keepAliveSeconds?: number;
    /**
     * `connected` (the default): the call resolves when the hub is connected. Transient failures are tried again within
     * `timeoutMs`; other errors, such as refusals, reject at once.
     *
     * `background`: the call resolves after the checks that need no network, in the state `connecting`. The client can
     * be used: messages and operations wait for the connection. No failure of the network and no refusal ends it.
     */
    start?: 'connected' | 'background';
    /** The delays between attempts to connect, and their limits. */
    reconnect?: ReconnectOptions;
    /** The queue of messages that wait while the connection is down. */
    offlineQueue?: OfflineQueueOptions;
    /**
     * The number of days before the end of the certificate in which `credentialsExpiring` is emitted daily. Default 30.
     */
    expiryWarningDays?: number;
  };
