import type { ConnectOptions } from 'azure-iot-x509';
import { createSelfSignedCertificate } from 'azure-iot-certificates';
import { startScriptedServer, type ScriptedClient, type ScriptedServer } from './scripted-server';

/** A server that plays DPS properly and, behind it, a hub that does what a test tells it. */
export interface ScriptedHub extends AsyncDisposable {
  readonly server: ScriptedServer;
  /** How often a device registered. */
  readonly registrations: number;
  /** Options that connect a device to it. */
  readonly options: ConnectOptions;
  close(): Promise<void>;
}

/**
 * @param hub plays the hub on one connection; `number` counts the connections to the hub, from 1
 * @param assignedHub another server that DPS assigns the device to
 */
export async function startScriptedHub(
  hub: (client: ScriptedClient, number: number) => unknown,
  assignedHub?: string,
): Promise<ScriptedHub> {
  const device = await createSelfSignedCertificate({
    commonName: 'dev-1',
    subject: { organization: 'Contoso' },
  });
  let registrations = 0;
  let connections = 0;
  const server = await startScriptedServer(async (client) => {
    const connect = await client.peek('connect');
    if (!connect.username?.includes('/registrations/')) {
      connections += 1;
      await hub(client, connections);
      return;
    }
    await client.accept();
    await client.acceptSubscription();
    registrations += 1;
    client.answer(await client.acceptPublish(), 200, {
      operationId: '5.op',
      status: 'assigned',
      registrationState: {
        registrationId: 'dev-1',
        deviceId: 'dev-1',
        assignedHub: assignedHub ?? server.endpoint,
        status: 'assigned',
      },
    });
  });
  return {
    server,
    get registrations() {
      return registrations;
    },
    options: {
      enrollment: 'hub-individual',
      idScope: '0ne00ABCDEF',
      globalEndpoint: server.endpoint,
      ca: server.ca,
      cert: device.certificate,
      key: device.privateKey,
      timeoutMs: 20_000,
    },
    close: () => server.close(),
    [Symbol.asyncDispose]: () => server.close(),
  };
}
