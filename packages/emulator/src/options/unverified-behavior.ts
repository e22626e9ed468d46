/**
 * Behavior of Azure that Microsoft does not document and that has not been observed beyond doubt. The defaults are the
 * emulator's choice; a test that must not depend on them can try each.
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
   * The response to a device whose enrollment is disabled: `unauthorized`, an answer 401 with code 401000 and the end
   * of the connection (default), or `status`, a registration that ends with status `disabled`.
   */
  disabledEnrollment: 'unauthorized' | 'status';
  /** CONNACK return code of a hub for a device that is disabled. Default 5; the C SDK expects 3. */
  disabledDevice: 3 | 5;
  /**
   * True if a device may register with a CA certificate that is the very certificate of its individual enrollment.
   * Default true. Microsoft says not to do it; certificates from `openssl req -x509` are CAs all the same.
   */
  allowAuthorityAsIndividual: boolean;
  /**
   * The answer to a registration while the device is registering over another connection: `refused`, an answer 409
   * with code 409203, which a device has logged (default), or `allowed`. A registration is under way until a poll is
   * answered otherwise than `assigning`. One whose connection has ended, or is silent for twice `retryAfterSeconds` and
   * five seconds, does not count.
   */
  concurrentRegistration: 'refused' | 'allowed';
  /**
   * The substatus of a device that is assigned to the hub that it has. Default `initialAssignment`, which devices have
   * logged at every start; a test of the Azure CLI expects `reprovisionedToInitialAssignment`.
   */
  sameHubSubstatus: 'initialAssignment' | 'reprovisionedToInitialAssignment';
  /**
   * The cloud-to-device messages that wait for a device when it connects with a clean session. Default
   * `purged`: Microsoft says that such a device receives what is sent after its subscription. `kept`: the queue is the
   * hub's and not the session's, so the device gets all of it once it subscribes.
   */
  cleanSessionQueue: 'purged' | 'kept';
  /**
   * The deliveries of a cloud-to-device message that count towards the hub's `maxDeliveryCount`. Default `every`, as
   * Microsoft documented it for years. `abandoned`, according to the documentation of 2026: only those that a device
   * abandons. Over MQTT a device cannot abandon a message, so the message is delivered again until it expires.
   */
  countedDeliveries: 'every' | 'abandoned';
  /**
   * True if a hub accepts a thumbprint of a certificate that is not valid now. Default true: developers of Microsoft
   * have said that the hub looks at nothing else. Certificates by `certificateAuthority` must always be valid.
   */
  allowExpiredThumbprints: boolean;
}

export const DEFAULT_UNVERIFIED_BEHAVIOR: UnverifiedBehavior = {
  unknownIdScope: 3,
  missingCertificate: 5,
  disabledEnrollment: 'unauthorized',
  disabledDevice: 5,
  allowAuthorityAsIndividual: true,
  concurrentRegistration: 'refused',
  sameHubSubstatus: 'initialAssignment',
  cleanSessionQueue: 'purged',
  countedDeliveries: 'every',
  allowExpiredThumbprints: true,
};
