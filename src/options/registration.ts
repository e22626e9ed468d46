/** The assignment of a device by the Device Provisioning Service. Names and values are the service's. */
export interface Registration {
  /** Unique within the ID scope; the common name of the certificate. */
  readonly registrationId: string;
  /**
   * The device ID at the hub. It differs from the registration ID only if an individual enrollment names another one.
   */
  readonly deviceId: string;
  /** Host name of the IoT hub, e.g. `contoso.azure-devices.net`. */
  readonly assignedHub: string;
  readonly status: 'assigned';
  /** The origin of the assignment: `initialAssignment`, `deviceDataMigrated`, `deviceDataReset`, … */
  readonly substatus?: string;
  /** The data that a custom allocation policy returned. */
  readonly payload?: unknown;
  /** ISO 8601, when the device was first registered. */
  readonly createdDateTimeUtc?: string;
  /** ISO 8601. */
  readonly lastUpdatedDateTimeUtc?: string;
  readonly etag?: string;
}
