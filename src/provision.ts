import { withDeadline } from './network/deadline';
import type { Registration } from './options/registration';
import type { ProvisionOptions } from './options/types';
import { DEFAULT_TIMEOUT_MS, validateProvisionOptions } from './options/validate';
import { preparationTimeout, prepareDevice, type Device } from './provisioning/device';
import { DpsClient } from './provisioning/dps-client';
import {
  createSdkProvisioningTransport,
  type ProvisioningTransportFactory,
} from './provisioning/sdk-registration';

/**
 * Registers the device with the Device Provisioning Service, and returns the assigned hub and device ID. Makes no
 * connection to the hub.
 *
 * @example
 * ```ts
 * const { assignedHub, deviceId } = await provisionDevice({
 *   enrollment: 'hub-individual',
 *   idScope: '0ne00ABCDEF',
 *   certFile: 'device.crt',
 *   keyFile: 'device.key',
 * });
 * ```
 *
 * @throws {@link InvalidOptionsError} before anything is read
 * @throws {@link CredentialsError} before anything is sent
 * @throws {@link ProvisioningError} when the service refuses or fails the registration
 * @throws {@link ConnectionError} when the service cannot be reached or is not trusted
 * @throws {@link TimeoutError} after `timeoutMs`
 * @throws `signal.reason` when aborted
 */
export function provisionDevice(options: ProvisionOptions): Promise<Registration> {
  return provisionOver(createSdkProvisioningTransport, options);
}

/** `provisionDevice` over the given transport. */
export async function provisionOver(
  createTransport: ProvisioningTransportFactory,
  options: ProvisionOptions,
): Promise<Registration> {
  validateProvisionOptions(options);
  const { signal, timeoutMs = DEFAULT_TIMEOUT_MS } = options;
  const dps = new DpsClient(createTransport, timeoutMs);
  let device: Device | undefined;
  const onTimeout = () => (device ? dps.timeoutError(device, timeoutMs) : preparationTimeout(timeoutMs));
  return await withDeadline({ timeoutMs, signal, onTimeout }, async (attempt) => {
    device = await prepareDevice(options);
    attempt.throwIfAborted();
    return await dps.register(device, attempt);
  });
}
