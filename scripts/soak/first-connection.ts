import { connectDevice, DeviceError } from 'azure-iot-x509';
import { createSelfSignedCertificate } from 'azure-iot-certificates';
import { SoakDevice } from './device';
import type { Enrolled } from './enrolled';
import { KEEP_ALIVE_SECONDS, RECONNECT } from './timing';
import type { Closers, World } from './world';

/** Longer than all that can delay a first connection, time-outs of 30 s included. */
const FIRST_CONNECTION_MS = 120_000;

/** Connects all devices for the first time, at once, whatever befalls them meanwhile. Never rejects. */
export async function connectDevices(world: World, closers: Closers): Promise<void> {
  await Promise.all(
    world.enrolled.map(async (enrolled, index) => {
      try {
        world.devices.push(await connectFirst(world, enrolled, index, closers));
      } catch (error) {
        world.failedStarts.push(
          `${enrolled.id}: ${error instanceof DeviceError ? error.code : ''} ${String(error)}`,
        );
      }
    }),
  );
}

/** Every third device uses WebSockets, where there are any. */
async function connectFirst(
  { emulator: { dps }, hubs, dpsProxy, ca }: World,
  { id, options, change, isRenewable }: Enrolled,
  index: number,
  closers: Closers,
): Promise<SoakDevice> {
  const connection = await connectDevice({
    ...options,
    globalEndpoint: dpsProxy.endpoint,
    ca,
    transport: index % 3 === 2 && hubs.length > 0 ? 'mqtt-ws' : 'mqtt',
    keepAliveSeconds: KEEP_ALIVE_SECONDS,
    reconnect: RECONNECT,
    timeoutMs: FIRST_CONNECTION_MS,
  });
  closers.unshift(() => connection.close());
  // As the guide to rolling certificates says: the new one comes second, is used, and then comes first.
  const renew = async (): Promise<void> => {
    const { fullChain, certificate, privateKey } = await createSelfSignedCertificate({
      commonName: id,
      subject: { organization: 'Contoso' },
    });
    dps.individualEnrollments.update(id, { secondaryCertificate: certificate });
    await connection.updateCredentials({ cert: fullChain, key: privateKey });
    dps.individualEnrollments.update(id, { primaryCertificate: certificate });
  };
  return SoakDevice.start({
    id,
    connection,
    change,
    renew: isRenewable && hubs.length > 0 ? renew : undefined,
    hasTwin: hubs.length > 0,
  });
}
