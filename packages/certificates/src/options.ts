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
      chainFile?: string;
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
