import { withDeadline } from '../network/deadline';
import type { ProvisionOptions } from '../options/types';
import type { Registration } from '../options/registration';
import type { DpsResponse } from './sdk-dps-responses';
import { DEFAULT_TIMEOUT_MS, validateProvisionOptions } from '../options/validate';
import { prepareDevice, type Device } from './device';
import { provisioningTimeout } from './provisioning-error';
import { dpsPeer, registerDevice, type RegisterSettings } from './register-device';

/** `provisionDevice`, with a transport of the caller's if there is one, and somebody who sees each answer of DPS. */
export async function provisionWith(
  options: ProvisionOptions,
  settings: Pick<RegisterSettings, 'createTransport' | 'onResponse'>,
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
