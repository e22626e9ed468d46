import type { Registration } from './options/registration';
import type { ProvisionOptions } from './options/types';
import type * as Dps from './provisioning/dps-client';
import type * as Sdk from './provisioning/sdk-registration';

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
export async function provisionDevice(options: ProvisionOptions): Promise<Registration> {
  /* eslint-disable @typescript-eslint/no-require-imports -- loads late in CommonJS, bundlers and Jest alike */
  const { provisionOver } = require('./provisioning/dps-client') as typeof Dps;
  const { createSdkProvisioningTransport } = require('./provisioning/sdk-registration') as typeof Sdk;
  /* eslint-enable @typescript-eslint/no-require-imports */
  return await provisionOver(createSdkProvisioningTransport, options);
}
