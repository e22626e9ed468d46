import { DeviceError } from 'azure-iot-certificates/internal';
import type { DeviceErrorInit, ServiceName } from 'azure-iot-certificates';

/** The code, message and remedy of an error, without the service and the cause. */
export type Explanation = Omit<DeviceErrorInit, 'service' | 'cause'>;

/** The Device Provisioning Service refused or failed the registration. */
export class ProvisioningError extends DeviceError {
  constructor(init: Omit<DeviceErrorInit, 'service'>) {
    super({ ...init, service: 'dps' });
  }
}

/** A service could not be reached, was not trusted, refused the connection or dropped it. */
export class ConnectionError extends DeviceError {
  /** Host name, and port where one was given, of the service. */
  readonly host: string;

  constructor(init: DeviceErrorInit & { service: ServiceName; host: string }) {
    super(init);
    this.host = init.host;
  }
}

/** The deadline passed before the call was complete. */
export class TimeoutError extends DeviceError {
  declare readonly code: 'TIMEOUT';

  constructor(init: Omit<DeviceErrorInit, 'code' | 'isTransient'>) {
    super({ ...init, code: 'TIMEOUT', isTransient: true });
  }
}

/** An error of the same class and content with another message. Its cause is the error itself. */
export function reworded(error: DeviceError, message: string): DeviceError {
  const { code, remedy, isTransient, service, serviceCode, trackingId } = error;
  const init = { code, message, remedy, isTransient, service, serviceCode, trackingId, cause: error };
  if (error instanceof TimeoutError) return new TimeoutError(init);
  if (error instanceof ProvisioningError) return new ProvisioningError(init);
  return error instanceof ConnectionError
    ? new ConnectionError({ ...init, service: error.service ?? 'hub', host: error.host })
    : error;
}
