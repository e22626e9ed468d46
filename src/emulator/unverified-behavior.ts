/**
 * What Microsoft does not document and nobody is known to have observed beyond doubt. The defaults are the emulator's
 * choice; a test that must not depend on them can try each.
 */
export interface UnverifiedBehavior {
  /**
   * CONNACK return code for an ID scope that no DPS instance has. Default 3, as a maintainer of the Python SDK reported
   * (azure-iot-sdk-python#670).
   */
  unknownIdScope: 3 | 4 | 5;
  /** CONNACK return code for a client without a certificate. Default 5. */
  missingCertificate: 4 | 5;
  /**
   * How a device learns that its enrollment is disabled: `unauthorized`, an answer 401 with code 401000 and the end of
   * the connection (default), or `status`, a registration that ends with status `disabled`.
   */
  disabledEnrollment: 'unauthorized' | 'status';
  /** CONNACK return code of a hub for a device that is disabled. Default 5; the C SDK expects 3. */
  disabledDevice: 3 | 5;
  /**
   * Whether a certificate authority in an individual enrollment lets in a device that presents this very certificate.
   * Default true. Microsoft says not to do it; certificates from `openssl req -x509` are CAs all the same.
   */
  allowAuthorityAsIndividual: boolean;
}

export const DEFAULT_UNVERIFIED_BEHAVIOR: UnverifiedBehavior = {
  unknownIdScope: 3,
  missingCertificate: 5,
  disabledEnrollment: 'unauthorized',
  disabledDevice: 5,
  allowAuthorityAsIndividual: true,
};
