import type { KeyAlgorithm } from './keys';
import type { IssuedCertificate } from './issued-certificate';
import type { ValidityOptions } from './validity';

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

/** What every certificate can be made with. */
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
