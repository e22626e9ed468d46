import type { DeviceConnection } from './connection/device-connection';
import type * as Connection from './connection/managed-connection';
import type { ConnectOptions } from './options/types';

/**
 * Takes a device from its certificate to a connected IoT Hub client: checks the credentials, registers with the Device
 * Provisioning Service, connects to the assigned hub, and stays connected until `close()`.
 *
 * The first connection is tried again within `timeoutMs` when it fails for the moment; another failure, such as a
 * refusal, rejects at once. With `start: 'background'` the call resolves before the first connection, which is tried
 * without limit. A connection that is lost later is made again without limit, whatever the reason.
 *
 * @example
 * ```ts
 * import { connectDevice, Message } from 'azure-iot-x509';
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
 * @throws after `timeoutMs` the error of the last attempt, or {@link TimeoutError} when the first one has not ended
 * @throws `signal.reason` when aborted
 */
export async function connectDevice(options: ConnectOptions): Promise<DeviceConnection> {
  return await connectWatched(options);
}

/**
 * `connectDevice`, with a view of the attempts to make the first connection.
 *
 * @param watch gets the connection before its first attempt
 */
export async function connectWatched(
  options: ConnectOptions,
  watch?: (connection: DeviceConnection) => void,
): Promise<DeviceConnection> {
  // Programs import the package without connecting: to print their help, in tests. The connection is loaded by the first call.
  // eslint-disable-next-line @typescript-eslint/no-require-imports -- loads late in CommonJS, bundlers and Jest alike
  const { connectOver, SDK_TRANSPORTS } = require('./connection/managed-connection') as typeof Connection;
  return await connectOver(SDK_TRANSPORTS, options, watch);
}
