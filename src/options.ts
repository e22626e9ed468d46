import type { EnrollmentKind } from './enrollment';

/** Where the device certificate comes from: exactly one of the two. */
export type CertificateSource =
  | {
      /** The device certificate (leaf first; intermediates may follow), as PEM text or as file content. */
      cert: string | Buffer;
      certFile?: never;
    }
  | {
      /** Path of the device certificate. Relative paths are resolved against the working directory. */
      certFile: string;
      cert?: never;
    };

/** Where the private key comes from: exactly one of the two. */
export type KeySource =
  | {
      /** The private key that belongs to the certificate, as PEM text or as file content. */
      key: string | Buffer;
      keyFile?: never;
    }
  | {
      /** Path of the private key. */
      keyFile: string;
      key?: never;
    };

/** Intermediate certificates that are kept apart from the leaf: at most one of the two. */
export type ChainSource =
  | {
      /** The intermediate certificates between the leaf and the enrolled certificate authority. */
      chain?: string | Buffer;
      chainFile?: never;
    }
  | {
      /** Path of the intermediate certificates. */
      chainFile: string;
      chain?: never;
    };

/** The device's identity and how it was enrolled. */
export type CredentialsOptions = CertificateSource &
  KeySource &
  ChainSource & {
    /** How the device was enrolled; decides what the certificate is checked against. */
    enrollment: EnrollmentKind;
    /** Decrypts the private key (or the PKCS#12 file). */
    passphrase?: string;
    /** Default: the common name (CN) of the certificate, which is what DPS demands of X.509 devices. */
    registrationId?: string;
    /** Names of rules not to apply, for the day a rule is wrong. Default: none. */
    skipChecks?: readonly string[];
  };

/** Certificate authorities to trust besides the system's roots: at most one of the two. Never replaces verification. */
export type ServerTrust =
  | {
      /** PEM text of further roots for the servers' certificates, e.g. the emulator's. */
      ca?: string | Buffer;
      caFile?: never;
    }
  | {
      /** Path of such a PEM file. */
      caFile: string;
      ca?: never;
    };

/** MQTT over TLS on port 8883, or MQTT over secure WebSockets on port 443. */
export type TransportKind = 'mqtt' | 'mqtt-ws';

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
    /** How long the whole call may take, in milliseconds. Default 120 000. */
    timeoutMs?: number;
    /** Aborts the call, which then rejects with `signal.reason`. */
    signal?: AbortSignal;
  };

/** Options of `connectDevice`. */
export type ConnectOptions = ProvisionOptions & {
  /**
   * Seconds between two signs of life of an idle connection. Default 60; at most 1177, because IoT Hub closes a
   * connection after 1.5 times this value and never waits longer than 29.45 minutes.
   */
  keepAliveSeconds?: number;
};
