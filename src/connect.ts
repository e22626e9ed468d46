import type { DeviceConnection } from './connection/device-connection';
import type * as Connection from './connection/managed-connection';
import type { ConnectOptions } from './options/types';

/**
 * Takes a device from its certificate to a connected IoT Hub client: checks the credentials, registers with the Device
 * Provisioning Service, connects to the assigned hub, and stays connected until `close()`.
 *
 * A failed first connection is not repeated: the call rejects with the reason. `isTransient` of the error says whether
 * another call may succeed. A connection that is lost later is made again without limit.
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
 * @throws {@link TimeoutError} after `timeoutMs`
 * @throws `signal.reason` when aborted
 */
export async function connectDevice(options: ConnectOptions): Promise<DeviceConnection> {
  // Programs import the package without connecting: to print their help, in tests. The connection is loaded by the first call.
  // eslint-disable-next-line @typescript-eslint/no-require-imports -- loads late in CommonJS, bundlers and Jest alike
  const { connectOver, SDK_TRANSPORTS } = require('./connection/managed-connection') as typeof Connection;
  return await connectOver(SDK_TRANSPORTS, options);
}
