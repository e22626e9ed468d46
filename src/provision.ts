import { withDeadline } from './deadline';
import type { ProvisionOptions } from './options';
import { prepareDevice, type Device } from './provisioning/device';
import { provisioningTimeout } from './provisioning/provisioning-error';
import { dpsPeer, registerDevice, type RegisterSettings } from './provisioning/register-device';
import type { Registration } from './registration';
import type { DpsResponse } from './sdk/dps-responses';
import { DEFAULT_TIMEOUT_MS, validateProvisionOptions } from './validate-options';

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

/** {@link provisionDevice} with a transport of the caller's, for tests. */
export async function provisionWith(
  options: ProvisionOptions,
  settings: Pick<RegisterSettings, 'createTransport'>,
): Promise<Registration> {
  validateProvisionOptions(options);
  const { signal, timeoutMs = DEFAULT_TIMEOUT_MS } = options;
  signal?.throwIfAborted();
  const device = await prepareDevice(options);
  return await registerWithin(device, { ...settings, timeoutMs, signal });
}

/** One registration, under a deadline of its own. */
export function registerWithin(
  device: Device,
  settings: Omit<RegisterSettings, 'signal'> & { timeoutMs: number; signal: AbortSignal | undefined },
): Promise<Registration> {
  const { timeoutMs, signal, createTransport } = settings;
  let last: DpsResponse | undefined;
  const onResponse = (response: DpsResponse) => {
    last = response;
    settings.onResponse?.(response);
  };
  return withDeadline(
    { timeoutMs, signal, onTimeout: () => provisioningTimeout(timeoutMs, last, dpsPeer(device)) },
    (attempt) => registerDevice(device, { signal: attempt, onResponse, createTransport }),
  );
}
