import { once } from 'node:events';
import fc from 'fast-check';
import { generate, type Packet } from 'mqtt-packet';
import { createSelfSignedCertificate, type IssuedCertificate } from 'azure-iot-certificates';
import { connectToHub, createHubDevice, dpsUsername, hubUsername } from './support/clients';
import { useEmulator } from './support/emulator';
import { RawClient } from './support/raw-client';

/* Whatever a client sends: no exception, nobody else disturbed, and its own connection closed or still of use. */

const context = useEmulator();
const RUNS = { numRuns: 60 };

let device: IssuedCertificate;
let healthy: RawClient;

beforeAll(async () => {
  const { emulator, hub } = context;
  device = await createSelfSignedCertificate({ commonName: 'pump-1' });
  emulator.dps.individualEnrollments.create({
    registrationId: 'pump-1',
    primaryCertificate: device.certificate,
  });
  hub.devices.create({ deviceId: 'pump-1', authentication: { primaryThumbprint: device.thumbprint } });
  healthy = await connectToHub(emulator, hub, 'witness', await createHubDevice(hub, 'witness'));
});
afterEach(async () => {
  await healthy.ping();
});
afterAll(() => healthy.drop());

interface Service {
  readonly name: string;
  readonly endpoint: () => string;
  readonly connect: () => Packet;
  /** What a device sends in the course of its life. */
  readonly packets: readonly Packet[];
}

function connectPacket(username: string): Packet {
  return {
    cmd: 'connect',
    protocolId: 'MQTT',
    protocolVersion: 4,
    clientId: 'pump-1',
    username,
    clean: true,
    keepalive: 60,
  };
}

function publish(topic: string, payload: string, qos: 0 | 1 = 1): Packet {
  return {
    cmd: 'publish',
    topic,
    payload,
    qos,
    dup: false,
    retain: false,
    ...(qos === 1 && { messageId: 7 }),
  };
}

function subscribe(topic: string): Packet {
  return { cmd: 'subscribe', messageId: 1, subscriptions: [{ topic, qos: 1 }] };
}

const SERVICES: readonly Service[] = [
  {
    name: 'DPS',
    endpoint: () => context.emulator.globalEndpoint,
    connect: () => connectPacket(dpsUsername(context.emulator.idScope, 'pump-1')),
    packets: [
      subscribe('$dps/registrations/res/#'),
      publish(
        '$dps/registrations/PUT/iotdps-register/?$rid=1',
        '{"registrationId":"pump-1","payload":{"a":[1,2]}}',
      ),
      publish('$dps/registrations/GET/iotdps-get-operationstatus/?$rid=2&operationId=5.a.b', ' '),
      { cmd: 'puback', messageId: 1 },
      { cmd: 'pingreq' },
      { cmd: 'unsubscribe', messageId: 2, unsubscriptions: ['$dps/registrations/res/#'] },
    ],
  },
  {
    name: 'a hub',
    endpoint: () => context.hub.hostName,
    connect: () => connectPacket(hubUsername(context.hub, 'pump-1')),
    packets: [
      subscribe('$iothub/twin/res/#'),
      subscribe('$iothub/methods/POST/#'),
      subscribe('devices/pump-1/messages/devicebound/#'),
      publish('$iothub/twin/GET/?$rid=1', '', 0),
      publish('$iothub/twin/PATCH/properties/reported/?$rid=2', '{"a":{"b":null},"c":[1,"2"]}'),
      publish('$iothub/methods/res/200/?$rid=1', '{}', 0),
      publish('devices/pump-1/messages/events/%24.ct=application%2Fjson&a=b', '{"t":21.5}'),
      { cmd: 'puback', messageId: 1 },
      { cmd: 'pingreq' },
      { cmd: 'unsubscribe', messageId: 2, unsubscriptions: ['$iothub/twin/res/#'] },
    ],
  },
];

/** Something done to bytes. */
const mutation = fc.oneof(
  fc.record({ kind: fc.constant('set' as const), at: fc.nat(), byte: fc.nat(255) }),
  fc.record({ kind: fc.constant('flip' as const), at: fc.nat(), byte: fc.nat(7).map((bit) => 1 << bit) }),
  fc.record({ kind: fc.constant('insert' as const), at: fc.nat(), bytes: fc.uint8Array({ maxLength: 8 }) }),
  fc.record({ kind: fc.constant('remove' as const), at: fc.nat(), count: fc.nat(8) }),
  fc.record({ kind: fc.constant('repeat' as const), at: fc.nat(), count: fc.nat(64) }),
);
type Mutation = typeof mutation extends fc.Arbitrary<infer Value> ? Value : never;

function mutate(bytes: Buffer, change: Mutation): Buffer {
  const at = change.at % (bytes.length + 1);
  const [head, tail] = [bytes.subarray(0, at), bytes.subarray(at)];
  switch (change.kind) {
    case 'set':
      return Buffer.concat([head, Buffer.from([change.byte]), tail.subarray(1)]);
    case 'flip':
      return Buffer.concat([head, Buffer.from([(tail[0] ?? 0) ^ change.byte]), tail.subarray(1)]);
    case 'insert':
      return Buffer.concat([head, change.bytes, tail]);
    case 'remove':
      return Buffer.concat([head, tail.subarray(change.count)]);
    case 'repeat':
      return Buffer.concat([head, tail.subarray(0, change.count), tail]);
  }
}

/** Bytes in pieces. */
function chunked(bytes: Buffer, sizes: readonly number[]): Buffer[] {
  const chunks: Buffer[] = [];
  for (let start = 0, index = 0; start < bytes.length; index++) {
    const size = sizes[index % sizes.length] ?? 1;
    chunks.push(bytes.subarray(start, start + size));
    start += size;
  }
  return chunks;
}

/** Sends the chunks one by one and takes leave; resolves when the connection is over, however that came about. */
async function send(endpoint: string, chunks: readonly Buffer[]): Promise<void> {
  await using client = await RawClient.open(context.emulator, endpoint, device);
  client.socket.removeAllListeners('data').resume();
  for (const chunk of chunks) {
    if (client.socket.destroyed) return;
    client.write(chunk);
    await new Promise((resolve) => setImmediate(resolve));
  }
  client.socket.end();
  await client.closed;
}

const sizes = fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 6 });
const mutations = fc.array(mutation, { minLength: 1, maxLength: 6 });

describe.each(SERVICES)('$name', ({ endpoint, connect, packets }) => {
  const chosen = fc.shuffledSubarray([...packets], { minLength: 1 });

  it('survives random bytes instead of CONNECT', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ minLength: 1, maxLength: 200 }), sizes, async (bytes, pieces) => {
        await send(endpoint(), chunked(Buffer.from(bytes), pieces));
      }),
      RUNS,
    );
  });

  it('survives CONNECT that is damaged', async () => {
    await fc.assert(
      fc.asyncProperty(mutations, chosen, sizes, async (changes, rest, pieces) => {
        const damaged = changes.reduce(mutate, generate(connect()));
        const bytes = Buffer.concat([damaged, ...rest.map((packet) => generate(packet))]);
        await send(endpoint(), chunked(bytes, pieces));
      }),
      RUNS,
    );
  });

  it('survives random bytes after CONNECT', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ minLength: 1, maxLength: 300 }), sizes, async (bytes, pieces) => {
        await send(endpoint(), [generate(connect()), ...chunked(Buffer.from(bytes), pieces)]);
      }),
      RUNS,
    );
  });

  it('survives packets that are damaged', async () => {
    await fc.assert(
      fc.asyncProperty(chosen, mutations, sizes, async (sent, changes, pieces) => {
        const damaged = changes.reduce(mutate, Buffer.concat(sent.map((packet) => generate(packet))));
        await send(endpoint(), [generate(connect()), ...chunked(damaged, pieces)]);
      }),
      RUNS,
    );
  });

  it('answers whole packets, however they are cut', async () => {
    await fc.assert(
      fc.asyncProperty(sizes, async (pieces) => {
        await using client = await RawClient.open(context.emulator, endpoint(), device);
        const bytes = Buffer.concat(
          [connect(), ...packets.slice(0, 2), { cmd: 'pingreq' } as const].map((packet) => generate(packet)),
        );
        for (const chunk of chunked(bytes, pieces)) client.write(chunk);
        let packet = await client.next();
        expect(packet?.cmd).toBe('connack');
        while (packet !== undefined && packet.cmd !== 'pingresp') packet = await client.next();
        expect(packet?.cmd).toBe('pingresp');
      }),
      { numRuns: 20 },
    );
  });
});

describe('the HTTP and WebSocket servers', () => {
  const request = Buffer.from(
    'GET /$iothub/websocket HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n' +
      'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: mqtt\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n',
  );

  it('survive requests that are damaged', async () => {
    await fc.assert(
      fc.asyncProperty(mutations, sizes, async (changes, pieces) => {
        // What begins as CONNECT would be MQTT.
        const damaged = changes.reduce(mutate, request);
        await send(
          context.hub.hostName,
          chunked(Buffer.concat([Buffer.from('G'), damaged.subarray(1)]), pieces),
        );
      }),
      RUNS,
    );
  });

  it('survive frames that are none', async () => {
    const frame = (bytes: Uint8Array): Buffer =>
      // Final, binary, masked with zeros: what a client would send.
      Buffer.concat([Buffer.from([0x82, 0x80 | bytes.length, 0, 0, 0, 0]), bytes]);
    const bytes = fc.uint8Array({ minLength: 1, maxLength: 120 });
    await fc.assert(
      fc.asyncProperty(fc.array(fc.oneof(bytes, bytes.map(frame)), { maxLength: 5 }), async (frames) => {
        const all = [request, ...frames.map((bytes_) => Buffer.from(bytes_))];
        await send(context.hub.hostName, all);
      }),
      RUNS,
    );
  });
});

it('A connected device does not notice the malformed packets of others', async () => {
  const arrived = once(context.hub, 'telemetry');
  await healthy.publishAcknowledged('devices/witness/messages/events/', 'still here');
  expect(await arrived).toMatchObject([{ deviceId: 'witness' }]);
});
