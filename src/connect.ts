import { withDeadline } from './deadline';
import type { DeviceConnection } from './connection/device-connection';
import { ManagedConnection } from './connection/managed-connection';
import { TimeoutError } from './errors';
import type { ConnectOptions } from './options';
import { registerWithin } from './provision';
import { prepareDevice, type Device } from './provisioning/device';
import { provisioningTimeout } from './provisioning/provisioning-error';
import { dpsPeer } from './provisioning/register-device';
import type { DpsResponse } from './sdk/dps-responses';
import type { HubTransportFactory } from './sdk/hub-link';
import type { ProvisioningTransportFactory } from './sdk/registration';
import { DEFAULT_KEEP_ALIVE_SECONDS, DEFAULT_TIMEOUT_MS, validateConnectOptions } from './validate-options';

/** Transports of the caller's, for tests. */
export interface Transports {
  createProvisioningTransport?: ProvisioningTransportFactory;
  createHubTransport?: HubTransportFactory;
}

/**
 * Takes a device from its certificate to a connected IoT Hub client: checks the credentials, registers with the Device
 * Provisioning Service, connects to the hub that it was assigned, and stays connected until `close()`.
 *
 * The first connection is not repeated when it fails, so that its caller learns why; `isTransient` of the error tells
 * whether trying again makes sense. Later, a lost connection is made again without limit.
 *
 * @example
 * ```ts
 * import { connectDevice } from 'azure-iot-x509';
 * import { Message } from 'azure-iot-device';
 *
 * const connection = await connectDevice({
 *   enrollment: 'hub-group',
 *   idScope: '0ne00ABCDEF',
 *   certFile: 'device-chain.crt',
 *   keyFile: 'device.key',
 * });
 * await connection.client.sendEvent(new Message('{"temperature":21.5}'));
 * await connection.close();
 * ```
 *
 * @throws {@link InvalidOptionsError} before anything is read
 * @throws {@link CredentialsError} before anything is sent
 * @throws {@link ProvisioningError} when DPS refuses or fails the registration
 * @throws {@link ConnectionError} when DPS or the hub cannot be reached, is not trusted or refuses the connection
 * @throws {@link TimeoutError} after `timeoutMs`
 * @throws `signal.reason` when aborted
 */
export function connectDevice(options: ConnectOptions): Promise<DeviceConnection> {
  return connectWith(options, {});
}

/** {@link connectDevice} with transports of the caller's, for tests. */
export async function connectWith(
  options: ConnectOptions,
  transports: Transports,
): Promise<DeviceConnection> {
  validateConnectOptions(options);
  const { signal, timeoutMs = DEFAULT_TIMEOUT_MS, keepAliveSeconds = DEFAULT_KEEP_ALIVE_SECONDS } = options;
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
    const managed = manage(device, keepAliveSeconds, transports, (response) => {
      lastResponse = response;
    });
    connection = managed;
    const onAbort = () => void managed.close();
    attempt.addEventListener('abort', onAbort, { once: true });
    try {
      await managed.open();
      return managed;
    } finally {
      attempt.removeEventListener('abort', onAbort);
    }
  });
}

function manage(
  device: Device,
  keepAliveSeconds: number,
  { createProvisioningTransport, createHubTransport }: Transports,
  onResponse: (response: DpsResponse) => void,
): ManagedConnection {
  const registering = {
    timeoutMs: DEFAULT_TIMEOUT_MS,
    onResponse,
    createTransport: createProvisioningTransport,
  };
  return new ManagedConnection({
    device,
    keepAliveSeconds,
    register: (signal) => registerWithin(device, { ...registering, signal }),
    createTransport: createHubTransport,
  });
}
