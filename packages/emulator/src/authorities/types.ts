/** A certificate authority that was uploaded to a DPS instance or a hub. */
export interface AuthorityCertificate {
  readonly name: string;
  /** PEM. */
  readonly certificate: string;
  /** True if possession of the private key is proven. An authority that is not verified admits no device. */
  readonly isVerified: boolean;
  readonly subject: string;
  readonly thumbprint: string;
  readonly createdDateTimeUtc: string;
  readonly lastUpdatedDateTimeUtc: string;
  readonly etag: string;
}

/** An authority for {@link AuthorityCertificates.upload}. */
export interface AuthorityCertificateInit {
  name: string;
  /** PEM of a root or an intermediate. */
  certificate: string;
  /** The portal's "Set certificate status to verified on upload". Default false. */
  isVerified?: boolean;
}

/** The certificate authorities of a DPS instance or a hub. */
export interface AuthorityCertificates {
  /**
   * @throws EmulatorError 400004 when it is not a CA, 403002 when there are 25 already, 409001 when the name is taken.
   */
  upload(init: AuthorityCertificateInit): AuthorityCertificate;
  /**
   * A new code, valid until the next one or until it is used. It must be the common name of the certificate for
   * {@link verify}.
   *
   * @throws EmulatorError 404008
   */
  generateVerificationCode(name: string): string;
  /**
   * Proof of possession: a certificate whose common name is the code, signed by the authority's key.
   *
   * @throws EmulatorError 404008, or 400004 with the problem of the certificate.
   */
  verify(name: string, verificationCertificate: string): AuthorityCertificate;
  get(name: string): AuthorityCertificate | undefined;
  list(): readonly AuthorityCertificate[];
  /** @throws EmulatorError 404008, or 409001 while an enrollment group refers to it. */
  delete(name: string): void;
}
