import { StartupGate } from '../src/devices/startup-gate';
import { DeviceListener } from '../src/devices/listener';
import type { DeviceService } from '../src/devices/service';
import { createServerIdentity } from '../src/state/server-identity';
import { send } from './support/https';
import { RawClient } from './support/raw-client';

/* A device that returns while the emulator starts must not be refused as unknown. */

const CONNECT = {
  cmd: 'connect',
  protocolId: 'MQTT',
  protocolVersion: 4,
  clean: true,
  keepalive: 60,
  clientId: 'pump-1',
} as const;

test.each<[string, Partial<DeviceService>, number]>([
  [
    'a service that answers requests',
    { handleRequest: ({ response }) => void response.writeHead(204).end() },
    204,
  ],
  ['a service that answers no requests', {}, 404],
])('The startup gate disconnects clients of %s until it opens', async (_what, more, status) => {
  const { ca, credentials } = await createServerIdentity(['localhost']);
  const gate = new StartupGate();
  const service: DeviceService = {
    label: 'test',
    connect: () => ({ returnCode: 4, reason: 'test' }),
    ...more,
  };
  const listener = await DeviceListener.listen(gate.of(service), credentials);
  const endpoint = `localhost:${listener.port}`;

  const early = await RawClient.open({ ca }, endpoint);
  early.send(CONNECT);
  expect(await early.next()).toBeUndefined();
  await expect(send({ endpoint, ca }, { path: '/' })).rejects.toMatchObject({ code: 'ECONNRESET' });

  gate.open();
  const late = await RawClient.open({ ca }, endpoint);
  late.send(CONNECT);
  expect(await late.expect('connack')).toMatchObject({ returnCode: 4 });
  expect(await send({ endpoint, ca }, { path: '/' })).toMatchObject({ status });
  await listener.close();
});
