import { once } from 'node:events';
import { Message } from 'azure-iot-device';
import { connectDevice, type EnrollmentKind } from 'azure-iot-x509';
import { createSelfSignedCertificate, type IssuedCertificate } from 'azure-iot-certificates';
import { startEmulator, type DisconnectReason, type HubEmulator } from 'azure-iot-emulator';
import { enrollDevice } from '../support/enrolled-device';
import { useNamesOfThisMachine } from '../support/names';
import { connectByHand } from '../support/sdk-by-hand';
import {
  connectToDps,
  createHubDevice,
  hubUsername,
  register,
} from '../../packages/emulator/test/support/clients';
import { useEmulator } from '../../packages/emulator/test/support/emulator';
import { send, type Response } from '../../packages/emulator/test/support/https';
import { RawClient } from '../../packages/emulator/test/support/raw-client';
import { listenOn } from '../../packages/emulator/test/support/tcp';

/* DPS, hubs and IoT Central behind one port, for clients that cannot be told a port for each. */

describe('shared ports', () => {
  const context = useEmulator({ hubs: ['north', 'south'], sharedPorts: [0, 0] });

  function hubNamed(name: string): HubEmulator {
    const { hubs, central } = context.emulator;
    const hub = [...hubs, central.hub].find((each) => each.name === name);
    if (hub === undefined) throw new Error(`there is no hub ${name}`);
    return hub;
  }

  /** `localhost:port` of each port. */
  function endpoints(): readonly string[] {
    return context.emulator.sharedPorts.map((port) => `localhost:${port}`);
  }

  /** Connects to whatever the username names, through the first port or another. */
  async function connect(
    username: string,
    clientId: string,
    identity: IssuedCertificate,
    endpoint = endpoints()[0] ?? '',
  ): Promise<{ client: RawClient; returnCode: number | undefined }> {
    const client = await RawClient.open(context.emulator, endpoint, identity);
    const { returnCode } = await client.connect({ clientId, username });
    return { client, returnCode };
  }

  it('are two, and host names carry the first', () => {
    const { emulator } = context;
    const [first = 0, second = 0] = emulator.sharedPorts;
    expect(first).toBeGreaterThan(0);
    expect(second).toBeGreaterThan(0);
    expect(second).not.toBe(first);
    expect(emulator.globalEndpoint).toBe(`localhost:${first}`);
    expect(emulator.hubs.map(({ hostName }) => hostName)).toEqual([
      `north.localhost:${first}`,
      `south.localhost:${first}`,
    ]);
    expect(emulator.central.hub.hostName).toBe(`central.localhost:${first}`);
  });

  it('tell hubs apart by the host name in the username, also without the port and in upper case, on each port', async () => {
    const device = await createHubDevice(hubNamed('north'), 'pump-1');
    const [, port] = hubNamed('north').hostName.split(':');
    for (const endpoint of endpoints()) {
      for (const hostName of ['north.localhost', 'NORTH.localhost', `north.localhost:${port ?? ''}`]) {
        const username = `${hostName}/pump-1/?api-version=2021-04-12`;
        const { client, returnCode } = await connect(username, 'pump-1', device, endpoint);
        expect(returnCode).toBe(0);
        await client.disconnect();
      }
      for (const name of ['south', 'central']) {
        const { client, returnCode } = await connect(
          hubUsername(hubNamed(name), 'pump-1'),
          'pump-1',
          device,
          endpoint,
        );
        expect(returnCode).toBe(5);
        await client.closed;
      }
    }
  });

  it('deliver messages of a device to its hub, and to no other hub that has a device of that name', async () => {
    const names = ['north', 'south', 'central'];
    const sent = names.map(async (name) => {
      const hub = hubNamed(name);
      const device = await createHubDevice(hub, 'same-name');
      const { client } = await connect(hubUsername(hub, 'same-name'), 'same-name', device);
      await client.publishAcknowledged('devices/same-name/messages/events/', name);
      await client.disconnect();
    });
    await Promise.all(sent);
    for (const name of names) {
      expect(
        hubNamed(name)
          .receivedTelemetry('same-name')
          .map(({ body }) => body.toString()),
      ).toEqual([name]);
    }
  });

  it('tell DPS instances apart by the ID scope', async () => {
    const { emulator } = context;
    const device = await createSelfSignedCertificate({ commonName: 'pump-2' });
    emulator.central.devices.create({ deviceId: 'pump-2' });
    const certificate = device.certificate;
    emulator.central.devices.attest('pump-2', {
      primaryCertificate: certificate,
      secondaryCertificate: certificate,
    });
    const { state } = await register(emulator, device, 'pump-2', { idScope: emulator.central.idScope });
    expect(state).toMatchObject({ status: 'assigned', assignedHub: emulator.central.hub.hostName });
    expect((await register(emulator, device, 'pump-2')).body).toMatchObject({ errorCode: 401002 });
  });

  it.each([
    ['a hub that is none of these', 'west.localhost/pump-1/?api-version=2021-04-12'],
    ['no service', 'pump-1'],
    ['nobody', ''],
  ])('refuse a username that names %s', async (_whom, username) => {
    const device = await createSelfSignedCertificate({ commonName: 'pump-1' });
    const { client, returnCode } = await connect(username, 'pump-1', device);
    expect(returnCode).toBe(5);
    await client.closed;
  });

  describe('HTTP', () => {
    function request(host: string, path: string, identity?: IssuedCertificate): Promise<Response> {
      const { emulator } = context;
      const server = { endpoint: emulator.globalEndpoint, ca: emulator.ca };
      return send(server, {
        method: 'POST',
        path,
        headers: { host },
        body: '{"blobName":"log.txt"}',
        identity,
      });
    }

    it('is told apart by the Host header', async () => {
      const device = await createHubDevice(hubNamed('north'), 'camera-1');
      const path = '/devices/camera-1/files?api-version=2020-03-13';
      const { hostName } = hubNamed('north');
      for (const host of [hostName, 'north.localhost', 'North.LOCALHOST:443']) {
        const answer = await request(host, path, device);
        expect(answer).toMatchObject({ status: 200 });
        expect(JSON.parse(answer.body)).toMatchObject({ hostName });
      }
      // A hub that has no such device says so; where there is no service, nothing is said.
      expect((await request('south.localhost', path, device)).body).toContain('camera-1 not registered');
      for (const [host, elsewhere] of [
        ['west.localhost', path],
        ['north.localhost', '/elsewhere'],
      ] as const) {
        expect(await request(host, elsewhere, device)).toMatchObject({ status: 404, body: '' });
      }
    });

    it('is for DPS by its path, whatever the host', async () => {
      const { idScope } = context.emulator;
      const answer = await request(
        'anything.example',
        `/${idScope}/registrations/pump-1?api-version=2021-06-01`,
      );
      expect(answer.status).toBe(401);
    });
  });

  describe('a hub that is stopped', () => {
    const reasons: Record<string, DisconnectReason[]> = { north: [], south: [] };

    beforeAll(() => {
      for (const [name, list] of Object.entries(reasons)) {
        hubNamed(name).on('deviceDisconnected', ({ reason }) => list.push(reason));
      }
    });

    it('disconnects its devices, does not answer new ones, and the other hubs go on', async () => {
      const { emulator } = context;
      const north = hubNamed('north');
      const south = hubNamed('south');
      const northern = await createHubDevice(north, 'lamp-1');
      const southern = await createHubDevice(south, 'lamp-1');
      const dropped = await connect(hubUsername(north, 'lamp-1'), 'lamp-1', northern);
      await using staying = (await connect(hubUsername(south, 'lamp-1'), 'lamp-1', southern)).client;
      for (const list of Object.values(reasons)) list.length = 0;

      await Promise.all([north.stop(), north.stop()]);
      await dropped.client.closed;
      expect(reasons).toEqual({ north: ['hub-stopped'], south: [] });
      await staying.publishAcknowledged('devices/lamp-1/messages/events/', 'still here');
      await using dps = await connectToDps(emulator, northern, 'lamp-1');
      await dps.ping();

      const refused = await RawClient.open(emulator, endpoints()[1] ?? '', northern);
      refused.send({
        cmd: 'connect',
        protocolId: 'MQTT',
        protocolVersion: 4,
        clean: true,
        keepalive: 60,
        clientId: 'lamp-1',
        username: hubUsername(north, 'lamp-1'),
      });
      expect(await refused.next()).toBeUndefined();
      const path = '/devices/lamp-1/files?api-version=2020-03-13';
      const server = { endpoint: emulator.globalEndpoint, ca: emulator.ca };
      await expect(
        send(server, {
          method: 'POST',
          path,
          headers: { host: 'north.localhost' },
          body: '{}',
          identity: northern,
        }),
      ).rejects.toMatchObject({ code: 'ECONNRESET' });

      await Promise.all([north.start(), north.start()]);
      const back = await connect(hubUsername(north, 'lamp-1'), 'lamp-1', northern);
      expect(back.returnCode).toBe(0);
      await back.client.disconnect();
    });
  });

  it('are free after the emulator is closed, and a hub cannot be started any more', async () => {
    const emulator = await startEmulator({ sharedPorts: [0, 0] });
    const { sharedPorts, hubs } = emulator;
    await emulator.close();
    for (const port of sharedPorts) await (await listenOn(port)).close();
    await expect(hubs[0]?.start()).rejects.toThrow('The emulator is closed');
  });
});

describe('clients of both sorts find their way through a shared port', () => {
  useNamesOfThisMachine('localhost');
  const context = useEmulator({ sharedPorts: [0] });

  it.each<EnrollmentKind>(['hub-individual', 'hub-group', 'central-individual', 'central-group'])(
    'connectDevice with the enrollment kind %s',
    async (kind) => {
      const { options, hub, registrationId } = await enrollDevice(context.emulator, kind, `own-${kind}`);
      await using connection = await connectDevice(options);
      expect(connection.registration.assignedHub).toBe(hub.hostName);
      const telemetry = once(hub, 'telemetry');
      await connection.client.sendEvent(new Message('through one port'));
      expect(await telemetry).toMatchObject([
        { deviceId: registrationId, body: Buffer.from('through one port') },
      ]);
    },
  );

  it('the official SDK', async () => {
    const { emulator } = context;
    const { options, hub } = await enrollDevice(emulator, 'hub-group', 'official-1');
    const { idScope, globalEndpoint = '', cert, key } = options;
    const client = await connectByHand({
      globalEndpoint,
      idScope,
      registrationId: 'official-1',
      cert: String(cert),
      key: String(key),
      ca: emulator.ca,
    });
    const telemetry = once(hub, 'telemetry');
    await client.sendEvent(new Message('by hand'));
    expect(await telemetry).toMatchObject([{ deviceId: 'official-1', body: Buffer.from('by hand') }]);
    await client.close();
  });
});
