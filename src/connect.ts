import type { DeviceConnection } from './connection/device-connection';
import { ManagedConnection, type Transports } from './connection/managed-connection';
import { createSdkHubTransport } from './hub/sdk-transport';
import { withDeadline } from './network/deadline';
import type { ConnectOptions } from './options/types';
import { DEFAULT_TIMEOUT_MS, validateConnectOptions } from './options/validate';
import { preparationTimeout, prepareDevice } from './provisioning/device';
import { createSdkProvisioningTransport } from './provisioning/sdk-registration';

const SDK_TRANSPORTS: Transports = {
  provisioning: createSdkProvisioningTransport,
  hub: createSdkHubTransport,
};

/**
 * Takes a device from its certificate to a connected IoT Hub client: checks the credentials, registers with the Device
 * Provisioning Service, connects to the assigned hub, and stays connected until `close()`.
 *
 * A failed first connection is not repeated: the call rejects with the reason. `isTransient` of the error says whether
 * another call may succeed. A connection that is lost later is made again without limit.
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
  return connectOver(SDK_TRANSPORTS, options);
}

/** `connectDevice` over the given transports. */
export async function connectOver(
  transports: Transports,
  options: ConnectOptions,
): Promise<DeviceConnection> {
  validateConnectOptions(options);
  const { signal, timeoutMs = DEFAULT_TIMEOUT_MS } = options;
  let connection: ManagedConnection | undefined;
  const onTimeout = () => connection?.timeoutError(timeoutMs) ?? preparationTimeout(timeoutMs);
  return await withDeadline({ timeoutMs, signal, onTimeout }, async (attempt) => {
    const device = await prepareDevice(options);
    attempt.throwIfAborted();
    connection = new ManagedConnection(options, device, transports);
    await connection.open(attempt);
    return connection;
  });
}
