import { once } from 'node:events';
import {
  createDeviceCertificate,
  createRootCertificate,
  type IssuedCertificate,
} from 'azure-iot-certificates';
import { connectToHub, register } from './support/clients';
import { useEmulator } from './support/emulator';
import type { RawClient } from './support/raw-client';

/* Many devices at once. */

const context = useEmulator({ hubs: ['north', 'south', 'west'] });

it('DPS serves devices of a group that register at the same time', async () => {
  const { emulator } = context;
  const authority = await createRootCertificate({ commonName: 'fleet' });
  emulator.dps.certificates.upload({ name: 'fleet', certificate: authority.certificate, isVerified: true });
  emulator.dps.enrollmentGroups.create({ enrollmentGroupId: 'fleet', certificateName: 'fleet' });
  const results = await Promise.all(
    Array.from({ length: 30 }, async (_, index) => {
      const commonName = `fleet-${index}`;
      const identity = await createDeviceCertificate({ commonName, issuer: authority });
      return (await register(emulator, identity, commonName)).state['status'];
    }),
  );
  expect(new Set(results)).toEqual(new Set(['assigned']));
});

describe('A hub with four hundred devices', () => {
  const DEVICES = 400;
  const clients: RawClient[] = [];
  let identity: IssuedCertificate;

  beforeAll(async () => {
    const { hub } = context;
    // One certificate for all: a test of the hub and not of how fast keys are made.
    const authority = await createRootCertificate({ commonName: 'fleet' });
    identity = await createDeviceCertificate({ commonName: 'fleet', issuer: authority });
    for (let index = 0; index < DEVICES; index++) {
      const authentication = { primaryThumbprint: identity.thumbprint };
      hub.devices.create({ deviceId: `device-${index}`, authentication });
    }
  });
  afterAll(() => {
    for (const { socket } of clients) socket.destroy();
  });

  it('serves them all when they connect at the same time', async () => {
    const { emulator, hub } = context;
    const before = process.memoryUsage().rss;
    clients.push(
      ...(await Promise.all(
        Array.from({ length: DEVICES }, (_, index) =>
          connectToHub(emulator, hub, `device-${index}`, identity),
        ),
      )),
    );
    await Promise.all(
      clients.map((client, index) =>
        client.publishAcknowledged(`devices/device-${index}/messages/events/`, 'hello'),
      ),
    );
    expect(hub.receivedTelemetry()).toHaveLength(DEVICES);
    // Both ends of each connection are in this process.
    expect((process.memoryUsage().rss - before) / DEVICES).toBeLessThan(500_000);
  });

  it('closes all their connections when it is stopped', async () => {
    const { hub } = context;
    let left = 0;
    hub.on('deviceDisconnected', () => (left += 1));
    await hub.stop();
    await hub.start();
    await Promise.all(clients.map(({ closed }) => closed));
    while (left < DEVICES) await once(hub, 'deviceDisconnected');
    expect(hub.devices.list().some(({ connectionState }) => connectionState === 'Connected')).toBe(false);
  });
});
