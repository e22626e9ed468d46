import type { Client, DeviceTransport } from 'azure-iot-device';
import type { HubCredentials } from './hub-link';
import { load } from './load';

type AuthenticationProvider = Parameters<typeof Client.fromAuthenticationProvider>[0];

/**
 * The official client on a transport of ours.
 *
 * @param credentials are asked for by the client itself before each file upload
 */
export function createHubClient(
  transport: DeviceTransport,
  credentials: () => Promise<HubCredentials>,
): Client {
  const { Client: HubClient } = load.device();
  // The client calls `new` on it; a constructor that returns an object makes `new` answer with that object.
  const transportConstructor = function () {
    return transport;
  };
  const client = HubClient.fromAuthenticationProvider(
    authenticationProvider(credentials),
    transportConstructor,
  );
  // Retries of its own cannot be cancelled and would go on after close(). The transport does not need them.
  client.setRetryPolicy({ shouldRetry: () => false, nextRetryTimeout: () => -1 });
  return client;
}

type CredentialsCallback = (error?: Error, credentials?: HubCredentials) => void;

function authenticationProvider(credentials: () => Promise<HubCredentials>): AuthenticationProvider {
  const getDeviceCredentials = (callback?: CredentialsCallback): Promise<HubCredentials> | undefined => {
    if (!callback) return credentials();
    credentials().then(
      (value) => callback(undefined, value),
      (error: unknown) => callback(error as Error),
    );
    return undefined;
  };
  // 0 is AuthenticationType.X509 of azure-iot-common, of which several copies are installed.
  return { type: 0, getDeviceCredentials } as unknown as AuthenticationProvider;
}
