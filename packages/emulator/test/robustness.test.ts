import { once } from 'node:events';
import { connect as connectTcp } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { generate, type Packet } from 'mqtt-packet';
import { connect as connectMqtt, type IClientOptions } from 'mqtt';
import WebSocket from 'ws';
import type { IssuedCertificate } from 'azure-iot-certificates';
import { connectToDps, connectToHub, createHubDevice, dpsUsername, hubUsername } from './support/clients';
import { useEmulator } from './support/emulator';
import { RawClient } from './support/raw-client';

const context = useEmulator();
let device: IssuedCertificate;

beforeAll(async () => {
  device = await createHubDevice(context.hub, 'pump-1');
});

/** A CONNECT packet of another protocol level than the codec writes. */
function connectOfLevel(level: number): Buffer {
  const packet = generate({ cmd: 'connect', protocolId: 'MQTT', protocolVersion: 4, clientId: 'pump-1' });
  packet.writeUInt8(level, 8);
  return packet;
}

describe('a malformed client', () => {
  const garbage: [title: string, bytes: Buffer][] = [
    ['random bytes', Buffer.from('ffd8a94c00112233ffee', 'hex')],
    ['CONNECT of another protocol', Buffer.from([0x10, 0x06, 0x00, 0x03, 0x41, 0x42, 0x43, 0x04])],
    ['CONNECT that ends early', connectOfLevel(4).fill(0, 1, 2)],
    ['CONNECT that claims to be huge', Buffer.from([0x10, 0xff, 0xff, 0xff, 0x7f])],
    [
      'PUBLISH before CONNECT',
      generate({ cmd: 'publish', topic: 'a', payload: '', qos: 0, dup: false, retain: false }),
    ],
    ['CONNECT of nothing', Buffer.from([0x10, 0x00])],
    ['HTTP', Buffer.from('GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n')],
    ['malformed HTTP', Buffer.from('NOT HTTP AT ALL\r\n\r\n')],
  ];

  it.each(garbage)('is disconnected, and no other client is: %s', async (_title, bytes) => {
    const { emulator, hub } = context;
    await using healthy = await connectToHub(emulator, hub, 'pump-1', device);
    await using client = await RawClient.open(emulator, hub.hostName, device);
    client.socket.removeAllListeners('data').resume();
    client.write(bytes);
    await client.closed;
    await healthy.ping();
  });

  const packets: [title: string, bytes: Buffer][] = [
    ['a malformed packet', Buffer.from([0x82, 0x05, 0x00, 0x01, 0x00, 0x7f, 0x61])],
    ['reserved flags', Buffer.from([0xc1, 0x00])],
    ['SUBSCRIBE of nothing', Buffer.from([0x82, 0x02, 0x00, 0x01])],
    ['UNSUBSCRIBE of nothing', Buffer.from([0xa2, 0x02, 0x00, 0x01])],
    ['packet identifier 0', Buffer.from([0x82, 0x06, 0x00, 0x00, 0x00, 0x01, 0x23, 0x00])],
    ['PUBACK without packet identifier', Buffer.from([0x40, 0x00])],
    ['a packet that claims to be huge', Buffer.from([0x30, 0xff, 0xff, 0xff, 0x7f])],
  ];

  it.each(packets)('is disconnected after CONNECT, and may connect again: %s', async (_title, bytes) => {
    const { emulator, hub } = context;
    await using client = await connectToHub(emulator, hub, 'pump-1', device);
    client.write(bytes);
    expect(await client.next()).toBeUndefined();
    await using again = await connectToHub(emulator, hub, 'pump-1', device);
    await again.ping();
  });

  it.each([0, 5, 6, 200])('is told that protocol level %d is not supported', async (level) => {
    const { emulator, hub } = context;
    await using client = await RawClient.open(emulator, hub.hostName, device);
    client.write(connectOfLevel(level));
    expect(await client.expect('connack')).toMatchObject({ returnCode: 1 });
    expect(await client.next()).toBeUndefined();
  });

  it('does not disturb the TLS handshakes of others', async () => {
    const { emulator } = context;
    const port = Number(emulator.globalEndpoint.split(':')[1]);
    const socket = connectTcp(port, '127.0.0.1');
    socket.on('error', () => undefined);
    await once(socket, 'connect');
    socket.write('this is not TLS');
    await once(socket, 'close');
    await using client = await connectToDps(emulator, device, 'pump-1');
    await client.ping();
  });
});

describe('TLS of the emulator', () => {
  const tlsTo = (options: object): Promise<string> =>
    new Promise((resolve, reject) => {
      const { emulator } = context;
      const port = Number(emulator.globalEndpoint.split(':')[1]);
      const socket = connectTls({ host: '127.0.0.1', port, ca: emulator.ca, ...options }, () => {
        resolve(socket.getProtocol() ?? '');
        socket.destroy();
      });
      socket.on('error', reject);
    });

  it('is spoken from version 1.2, under the names localhost and 127.0.0.1', async () => {
    expect(await tlsTo({ servername: 'localhost', maxVersion: 'TLSv1.2' })).toBe('TLSv1.2');
    expect(await tlsTo({ servername: 'localhost' })).toBe('TLSv1.3');
    expect(await tlsTo({})).toBe('TLSv1.3');
    await expect(tlsTo({ minVersion: 'TLSv1.1', maxVersion: 'TLSv1.1' })).rejects.toThrow();
  });

  it('takes device certificates in version 1.2, too', async () => {
    const { emulator, hub } = context;
    const [host, port] = hub.hostName.split(':');
    const socket = connectTls({
      host,
      port: Number(port),
      ca: emulator.ca,
      cert: device.fullChain,
      key: device.privateKey,
      maxVersion: 'TLSv1.2',
    });
    await once(socket, 'secureConnect');
    socket.write(
      generate({
        cmd: 'connect',
        protocolId: 'MQTT',
        protocolVersion: 4,
        clientId: 'pump-1',
        username: hubUsername(hub, 'pump-1'),
      }),
    );
    const [connack] = (await once(socket, 'data')) as [Buffer];
    expect(connack.toString('hex')).toBe('20020000');
    socket.destroy();
  });
});

describe('MQTT packets', () => {
  it('can arrive byte by byte, or many at once', async () => {
    const { emulator, hub } = context;
    await using client = await RawClient.open(emulator, hub.hostName, device);
    const packets: Packet[] = [
      {
        cmd: 'connect',
        protocolId: 'MQTT',
        protocolVersion: 4,
        clientId: 'pump-1',
        username: hubUsername(hub, 'pump-1'),
      },
      { cmd: 'subscribe', messageId: 1, subscriptions: [{ topic: '$iothub/twin/res/#', qos: 0 }] },
      { cmd: 'publish', topic: '$iothub/twin/GET/?$rid=1', payload: '', qos: 0, dup: false, retain: false },
      { cmd: 'pingreq' },
    ];
    const bytes = Buffer.concat(packets.map((packet) => generate(packet)));
    client.socket.setNoDelay(true);
    for (const byte of bytes.subarray(0, 30)) client.write(Buffer.from([byte]));
    client.write(bytes.subarray(30));
    for (const command of ['connack', 'suback', 'publish', 'pingresp'] as const) await client.expect(command);
  });
});

describe('MQTT over WebSockets', () => {
  const open = (endpoint: string, path: string, protocols: string[]): WebSocket =>
    new WebSocket(`wss://${endpoint}${path}`, protocols, {
      ca: context.emulator.ca,
      cert: device.fullChain,
      key: device.privateKey,
    });

  it('is spoken on the same ports', async () => {
    const { emulator, hub } = context;
    const credentials = { ca: emulator.ca, cert: device.fullChain, key: device.privateKey };
    const connect = async (endpoint: string, username: string): Promise<void> => {
      // The TLS options have to be given twice for WebSockets; the types know one of the two places.
      const options: IClientOptions & { wsOptions: object } = {
        wsOptions: credentials,
        clientId: 'pump-1',
        username,
        reconnectPeriod: 0,
      };
      const client = connectMqtt(`wss://${endpoint}/$iothub/websocket`, options);
      await once(client, 'connect');
      if (endpoint === hub.hostName) {
        const payload = Buffer.alloc(200_000, 1);
        await new Promise<void>((resolve, reject) => {
          client.publish('devices/pump-1/messages/events/', payload, { qos: 1 }, (error) =>
            error ? reject(error) : resolve(),
          );
        });
        expect(hub.receivedTelemetry('pump-1').at(-1)?.body.equals(payload)).toBe(true);
      }
      await new Promise<void>((resolve) => client.end(false, {}, () => resolve()));
    };
    await connect(hub.hostName, hubUsername(hub, 'pump-1'));
    await connect(emulator.globalEndpoint, dpsUsername(emulator.idScope, 'pump-1'));
  });

  it.each([
    ['another path', '/mqtt', ['mqtt'], 404],
    ['another subprotocol', '/$iothub/websocket', ['amqp'], 400],
    ['no subprotocol', '/$iothub/websocket', [], 400],
  ])('is refused for %s', async (_title, path, protocols, status) => {
    const webSocket = open(context.hub.hostName, path, protocols);
    const [error] = (await once(webSocket, 'error')) as [Error];
    expect(error.message).toBe(`Unexpected server response: ${status}`);
  });

  it('closes a client that breaks the protocol', async () => {
    const webSocket = open(context.hub.hostName, '/$iothub/websocket', ['mqtt']);
    await once(webSocket, 'open');
    webSocket.send(Buffer.from([0x30, 0x00]));
    await once(webSocket, 'close');
  });
});

test('The packets that were acknowledged before the connection ended reach the client, even in one piece', async () => {
  const { emulator, hub } = context;
  const identity = await createHubDevice(hub, 'in-one-go');
  await using client = await connectToHub(emulator, hub, 'in-one-go', identity);
  const publish = { cmd: 'publish', topic: 'devices/in-one-go/messages/events/', retain: false } as const;
  for (let messageId = 1; messageId <= 3; messageId++) {
    client.send({ ...publish, payload: String(messageId), qos: 1, dup: false, messageId });
  }
  // IoT Hub: closes the connection.
  client.send({ ...publish, payload: 'x', qos: 2, dup: false, messageId: 4 });
  for (let messageId = 1; messageId <= 3; messageId++) {
    expect(await client.expect('puback')).toMatchObject({ messageId });
  }
  await client.closed;
});
