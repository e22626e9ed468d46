import { provisionWith } from './provisioning/provision-with';
import type { ProvisionOptions } from './options/types';
import type { Registration } from './options/registration';

/**
 * Registers the device with the Device Provisioning Service and answers with the hub and the device ID that it was
 * assigned. Connects to nothing else.
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
  return provisionWith(options, {});
}
