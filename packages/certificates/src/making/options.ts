import type { IssuedCertificate } from './issued-certificate';
import type { KeyAlgorithm } from './keys';

// Declarations alone: those of @peculiar/x509 need the library `dom`, which a caller of this package does not.

/** Fields of a subject besides the common name. Any characters are allowed; none needs escaping. */
export interface SubjectFields {
  /** O, at most 64 characters. */
  organization?: string;
  /** OU, at most 64 characters. */
  organizationalUnit?: string;
  /** C, the two letters of ISO 3166, e.g. `CH`. */
  country?: string;
  /** ST, the state or province, at most 128 characters. */
  state?: string;
  /** L, the city, at most 128 characters. */
  locality?: string;
  /** The device's serial number as printed on it; letters, digits and `'()+,-./:=?` or space, at most 64. */
  serialNumber?: string;
}

/** The validity of a certificate: a number of days from now, or dates. */
export type ValidityOptions =
  | {
      /** Whole days from now, 1 to 36 500. The certificate is valid from five minutes ago (see `notBefore`). */
      days: number;
      notBefore?: never;
      notAfter?: never;
    }
  | {
      /**
       * Valid from this moment, to the second. Default: five minutes ago, because the clocks of devices and services
       * differ and a certificate "from the future" is refused.
       */
      notBefore?: Date;
      /** Valid until this moment, to the second. Never later than the issuer's. */
      notAfter: Date;
      days?: never;
    };

/** The options of every certificate. */
export interface CertificateOptions {
  /**
   * The subject's common name (CN), 1 to 64 characters (RFC 5280, `ub-common-name`). For a device it is the
   * registration ID and, in enrollment groups, the device ID.
   */
  commonName: string;
  /** Further fields of the subject. Default: none, the subject is the common name alone. */
  subject?: SubjectFields;
  /** From when to when the certificate is valid. The default depends on the kind of certificate. */
  validity?: ValidityOptions;
  /** The kind of key pair that is generated. Default `EC-P256`. */
  keyAlgorithm?: KeyAlgorithm;
}

/** The certificate authority that signs. */
export interface IssuerOption {
  /**
   * A root or intermediate certificate with its private key, made by this module or read with `loadCertificate`. It
   * must be a certificate authority, must not have expired and its path length must allow the new certificate.
   */
  issuer: IssuedCertificate;
}
