import type { Emulator, HubEmulator } from 'azure-iot-emulator';
import type { IConnectPacket } from 'mqtt-packet';
import { createSelfSignedCertificate, type IssuedCertificate } from 'azure-iot-certificates';
import { jsonOf, RawClient, type ClientIdentity, type PacketOf } from './raw-client';

/** Username of a CONNECT packet for DPS. */
export function dpsUsername(idScope: string, registrationId: string, apiVersion = '2019-03-31'): string {
  return `${idScope}/registrations/${registrationId}/api-version=${apiVersion}&ClientVersion=test%2F1`;
}

/** Username of a CONNECT packet for a hub. */
export function hubUsername(hub: HubEmulator, deviceId: string): string {
  return `${hub.hostName}/${deviceId}/?api-version=2021-04-12&DeviceClientType=test%2F1`;
}

/** A client that is connected to DPS and subscribed to its responses. */
export async function connectToDps(
  emulator: Emulator,
  identity: ClientIdentity,
  registrationId: string,
  idScope = emulator.idScope,
  apiVersion?: string,
): Promise<RawClient> {
  const client = await RawClient.open(emulator, emulator.globalEndpoint, identity);
  const { returnCode } = await client.connect({
    clientId: registrationId,
    username: dpsUsername(idScope, registrationId, apiVersion),
  });
  if (returnCode !== 0) throw new Error(`CONNACK ${returnCode ?? '?'}`);
  await client.subscribe('$dps/registrations/res/#');
  return client;
}

/** A registration from its request to its last answer. */
export async function register(
  emulator: Emulator,
  identity: ClientIdentity,
  registrationId: string,
  options: { idScope?: string; payload?: unknown; apiVersion?: string } = {},
): Promise<{ topic: string; body: Record<string, unknown>; state: Record<string, unknown> }> {
  const { payload, idScope, apiVersion } = options;
  await using client = await connectToDps(emulator, identity, registrationId, idScope, apiVersion);
  client.publish(
    '$dps/registrations/PUT/iotdps-register/?$rid=1',
    JSON.stringify({ registrationId, payload }),
  );
  let answer = await client.expect('publish');
  while (answer.topic.startsWith('$dps/registrations/res/202/')) {
    const operationId = String(jsonOf(answer)['operationId']);
    client.publish(
      `$dps/registrations/GET/iotdps-get-operationstatus/?$rid=2&operationId=${operationId}`,
      ' ',
    );
    answer = await client.expect('publish');
  }
  const body = jsonOf(answer);
  return { topic: answer.topic, body, state: (body['registrationState'] ?? {}) as Record<string, unknown> };
}

/** A device that exists at the hub, with its certificate. */
export async function createHubDevice(hub: HubEmulator, deviceId: string): Promise<IssuedCertificate> {
  const identity = await createSelfSignedCertificate({ commonName: deviceId });
  hub.devices.create({ deviceId, authentication: { primaryThumbprint: identity.thumbprint } });
  return identity;
}

/** A connection with the answer to its CONNECT. */
export interface HubConnection extends AsyncDisposable {
  readonly client: RawClient;
  readonly connack: PacketOf<'connack'>;
}

/** Sends CONNECT to a hub and returns the client with the answer. */
export async function openHubConnection(
  emulator: Emulator,
  hub: HubEmulator,
  deviceId: string,
  identity: ClientIdentity | undefined,
  connect: Partial<IConnectPacket> = {},
): Promise<HubConnection> {
  const client = await RawClient.open(emulator, hub.hostName, identity);
  const connack = await client.connect({
    clientId: deviceId,
    username: hubUsername(hub, deviceId),
    ...connect,
  });
  return { client, connack, [Symbol.asyncDispose]: () => client.drop() };
}

/** A client that is connected to a hub. */
export async function connectToHub(
  emulator: Emulator,
  hub: HubEmulator,
  deviceId: string,
  identity: ClientIdentity,
  connect: Partial<IConnectPacket> = {},
): Promise<RawClient> {
  const { client, connack } = await openHubConnection(emulator, hub, deviceId, identity, connect);
  if (connack.returnCode !== 0) throw new Error(`CONNACK ${connack.returnCode ?? '?'}`);
  return client;
}
