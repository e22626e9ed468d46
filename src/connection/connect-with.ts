import { withDeadline } from '../network/deadline';
import { TimeoutError } from '../errors';
import type { ConnectOptions } from '../options/types';
import { prepareDevice, type Device } from '../provisioning/device';
import { registerWithin } from '../provisioning/provision-with';
import { provisioningTimeout } from '../provisioning/provisioning-error';
import { dpsPeer } from '../provisioning/register-device';
import type { DpsResponse } from '../provisioning/sdk-dps-responses';
import type { HubTransportFactory } from '../hub/link';
import type { ProvisioningTransportFactory } from '../provisioning/sdk-register';
import { DEFAULT_TIMEOUT_MS, validateConnectOptions } from '../options/validate';
import { ManagedConnection } from './managed-connection';

/** Transports of the caller's, for tests. */
export interface Transports {
  createProvisioningTransport?: ProvisioningTransportFactory;
  createHubTransport?: HubTransportFactory;
}

/**
 * `connectDevice`, with transports of the caller's if there are any.
 *
 * @param onCreated gets the connection before it connects, to see all of its states
 */
export async function connectWith(
  options: ConnectOptions,
  transports: Transports,
  onCreated?: (connection: ManagedConnection) => void,
): Promise<ManagedConnection> {
  validateConnectOptions(options);
  const { signal, timeoutMs = DEFAULT_TIMEOUT_MS } = options;
  let device: Device | undefined;
  let connection: ManagedConnection | undefined;
  let lastResponse: DpsResponse | undefined;
  const onTimeout = () =>
    device && connection?.state.status === 'provisioning'
      ? provisioningTimeout(timeoutMs, lastResponse, dpsPeer(device))
      : new TimeoutError({
          message: `The device was not connected after ${timeoutMs / 1000} s; ${connection ? `it was still connecting to ${connection.host}` : 'its certificate and key were still being read'}.`,
          remedy: 'Check the files, the endpoint and the network, or give the call more time with timeoutMs.',
        });
  return await withDeadline({ timeoutMs, signal, onTimeout }, async (attempt) => {
    device = await prepareDevice(options);
    attempt.throwIfAborted();
    const managed = manage(options, device, transports, (response) => {
      lastResponse = response;
    });
    connection = managed;
    onCreated?.(managed);
    const onAbort = () => void managed.close();
    attempt.addEventListener('abort', onAbort, { once: true });
    try {
      await managed.open();
      return managed;
    } finally {
      attempt.removeEventListener('abort', onAbort);
      // It lives on in what registers the device again later.
      lastResponse = undefined;
    }
  });
}

function manage(
  options: ConnectOptions,
  device: Device,
  { createProvisioningTransport, createHubTransport }: Transports,
  onResponse: (response: DpsResponse) => void,
): ManagedConnection {
  const registering = {
    // The deadline of the first connection is that of the whole call.
    timeoutMs: Math.max(options.timeoutMs ?? 0, DEFAULT_TIMEOUT_MS),
    onResponse,
    createTransport: createProvisioningTransport,
  };
  return new ManagedConnection({
    options,
    device,
    register: (of, signal) => registerWithin(of, { ...registering, signal }),
    createTransport: createHubTransport,
  });
}
