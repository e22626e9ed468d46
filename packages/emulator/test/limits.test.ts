import { once } from 'node:events';
import { connect as connectTcp, type Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { types } from 'node:util';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { generate } from 'mqtt-packet';
import WebSocket from 'ws';
import { FrameReader } from '../src/devices/mqtt/frames';
import { startLimitedListener, type LimitedListener } from './support/limited-listener';

/* What a listener takes from one client, and from all of them. */

const CONNECT = generate({ cmd: 'connect', protocolId: 'MQTT', protocolVersion: 4, clientId: 'a' });
const REQUEST = generate({ cmd: 'publish', topic: 'a', payload: '', qos: 0, dup: false, retain: false });

/** Sends a byte whenever the event loop turns, until the server has had enough. */
async function dribble(socket: Socket, bytes: Buffer): Promise<void> {
  const closed = new Promise<'closed'>((resolve) => socket.once('close', () => resolve('closed')));
  socket.on('error', () => undefined).resume();
  for (let index = 0; ; index = (index + 1) % bytes.length) {
    socket.write(bytes.subarray(index, index + 1));
    const tick = new Promise<'tick'>((resolve) => setTimeout(() => resolve('tick'), 1));
    if ((await Promise.race([closed, tick])) === 'closed') return;
  }
}

/** What is held in memory, without what could be collected. */
async function heldBytes(): Promise<number> {
  setFlagsFromString('--expose-gc');
  // The function is found in contexts that are made after the flag was set.
  const collect = runInNewContext('gc') as () => void;
  for (let count = 0; count < 3; count++) {
    collect();
    await new Promise((resolve) => setImmediate(resolve));
  }
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

/** A client that is served. */
async function connected(listener: LimitedListener): Promise<TLSSocket> {
  const socket = listener.open();
  socket.write(CONNECT);
  await once(socket, 'data');
  return socket;
}

describe('the time of a client is limited', () => {
  it('for the handshake, though it is not idle', async () => {
    await using listener = await startLimitedListener({ handshakeTimeoutMs: 80 });
    const idle = connectTcp(listener.port, '127.0.0.1');
    await once(
      idle.resume().on('error', () => undefined),
      'close',
    );
    const slow = connectTcp(listener.port, '127.0.0.1');
    // The head of a ClientHello of 16 KB, whose end never comes.
    await dribble(slow, Buffer.concat([Buffer.from('1603014000010000', 'hex'), Buffer.alloc(8)]));
  });

  it.each([
    ['says nothing', undefined],
    ['begins a packet', Buffer.from([0x10, 0x7f])],
    ['begins a request', Buffer.from('GET / HTTP/1.1\r\n')],
  ])('for CONNECT: a client that %s is closed', async (_title, bytes) => {
    await using listener = await startLimitedListener({ connectTimeoutMs: 50 });
    const socket = listener.open();
    await once(socket, 'secureConnect');
    if (bytes !== undefined) socket.write(bytes);
    await once(socket.resume(), 'close');
  });

  it.each([
    ['CONNECT', Buffer.concat([Buffer.from([0x10, 0xff, 0x7f]), CONNECT.subarray(2)])],
    [
      'the head of a request',
      Buffer.from('GET / HTTP/1.1\r\nx-slow: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa'),
    ],
  ])('for %s, though it comes byte by byte', async (_title, bytes) => {
    await using listener = await startLimitedListener({ connectTimeoutMs: 80 });
    const socket = listener.open();
    await once(socket, 'secureConnect');
    socket.write(bytes.subarray(0, 16));
    await dribble(socket, bytes.subarray(16, 40));
  });

  it('for the body of a request', async () => {
    await using listener = await startLimitedListener({ requestTimeoutMs: 80 });
    const socket = listener.open();
    await once(socket, 'secureConnect');
    socket.write('PUT / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000000\r\n\r\n');
    await dribble(socket, Buffer.from('x'));
  });

  it('for a further request: its connection may be idle for a while, but its bytes may not trickle', async () => {
    await using listener = await startLimitedListener({ connectTimeoutMs: 200 });
    const socket = listener.open();
    for (let count = 0; count < 3; count++) {
      socket.write('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n');
      const [answer] = (await once(socket, 'data')) as [Buffer];
      expect(answer.toString()).toMatch(/^HTTP\/1.1 200 OK\r\n[^]*\{\}/);
    }
    socket.write('GET / HTTP/1.1\r\nx-slow: ');
    await dribble(socket, Buffer.from('x'));
  });

  it('for CONNECT within a WebSocket', async () => {
    await using listener = await startLimitedListener({ connectTimeoutMs: 80 });
    const webSocket = new WebSocket(`wss://localhost:${listener.port}/$iothub/websocket`, ['mqtt'], {
      ca: listener.ca,
    });
    await once(webSocket, 'open');
    const closed = once(webSocket, 'close');
    const pinging = setInterval(() => webSocket.ping(), 5);
    await closed;
    clearInterval(pinging);
  });
});

describe('the bytes of a client are limited', () => {
  it('in a CONNECT packet, and less than afterwards', async () => {
    await using listener = await startLimitedListener({ maxConnectBytes: 1000, maxPacketBytes: 5000 });
    const publish = (length: number): Buffer =>
      generate({
        cmd: 'publish',
        topic: 'a',
        payload: Buffer.alloc(length),
        qos: 0,
        dup: false,
        retain: false,
      });
    const large = listener.open();
    large.write(
      generate({
        cmd: 'connect',
        protocolId: 'MQTT',
        protocolVersion: 4,
        clientId: 'a',
        username: 'u'.repeat(1000),
      }),
    );
    await once(large.resume(), 'close');
    const socket = await connected(listener);
    socket.write(publish(4000));
    await once(socket, 'data');
    socket.write(publish(5000));
    await once(socket.resume(), 'close');
    expect(listener.reasons).toEqual(['protocol-violation']);
  });

  it('equally for packets that come together with CONNECT and after it', async () => {
    await using listener = await startLimitedListener({ maxConnectBytes: 1000 });
    const socket = listener.open();
    const message = generate({
      cmd: 'publish',
      topic: 'a',
      payload: Buffer.alloc(9000),
      qos: 1,
      messageId: 1,
      dup: false,
      retain: false,
    });
    socket.write(Buffer.concat([CONNECT, message]));
    let received = 0;
    socket.on('data', (chunk: Buffer) => (received += chunk.length));
    while (received < 100_000) await once(socket, 'data');
    socket.destroy();
  });

  it('in the head of a request', async () => {
    await using listener = await startLimitedListener({});
    const socket = listener.open();
    socket.write(`GET / HTTP/1.1\r\nHost: localhost\r\nx-large: ${'x'.repeat(20_000)}\r\n\r\n`);
    const [answer] = (await once(socket, 'data')) as [Buffer];
    expect(answer.toString()).toMatch(/^HTTP\/1.1 431 /);
    await once(socket, 'close');
  });

  it('regardless of the size of their pieces', async () => {
    const reader = new FrameReader(300_000);
    const push = (piece: Buffer): number[] => {
      reader.push(piece);
      return [...reader.take()].map(({ length }) => length);
    };
    expect(push(Buffer.from([0x30, 0xa0, 0x8d, 0x06, 0x00]))).toEqual([]);
    const before = await heldBytes();
    // Each piece in memory of its own, as they come from a socket.
    for (let count = 0; count < 99_998; count++) push(Buffer.alloc(1));
    expect((await heldBytes()) - before).toBeLessThan(2_000_000);
    expect(push(Buffer.alloc(1))).toEqual([100_004]);
  });
});

describe('a client that does not read its socket', () => {
  it('is disconnected, and no other client is', async () => {
    await using listener = await startLimitedListener({ maxUnsentBytes: 2_000_000 });
    const healthy = await connected(listener);
    const silent = listener.open();
    silent.pause();
    silent.write(Buffer.concat([CONNECT, ...Array.from({ length: 500 }, () => REQUEST)]));
    // The client itself sees nothing of it, as it does not read.
    while (listener.reasons.length === 0) await new Promise((resolve) => setImmediate(resolve));
    expect(listener.reasons).toEqual(['slow-consumer']);
    silent.destroy();
    healthy.write(REQUEST);
    await once(healthy, 'data');
    healthy.destroy();
  });

  it('is not read from, until it reads', async () => {
    await using listener = await startLimitedListener({ maxUnsentBytes: 2_000_000 });
    const socket = await connected(listener);
    let received = 0;
    socket.on('data', (chunk: Buffer) => (received += chunk.length));
    for (let count = 0; count < 300; count++) {
      // A request in a chunk of its own: the server may stop reading between any two.
      socket.write(REQUEST);
      await new Promise((resolve) => setImmediate(resolve));
    }
    while (received < 300 * 100_000) await once(socket, 'data');
    expect(listener.reasons).toEqual([]);
    socket.destroy();
  });

  it('the answers to its pings in a WebSocket is closed', async () => {
    await using listener = await startLimitedListener({ maxUnsentBytes: 100_000 });
    const webSocket = new WebSocket(`wss://localhost:${listener.port}/$iothub/websocket`, ['mqtt'], {
      ca: listener.ca,
    });
    webSocket.on('error', () => undefined);
    await once(webSocket, 'open');
    webSocket.pause();
    const payload = Buffer.alloc(125);
    // A paused WebSocket does not see its end; a ping that cannot be sent does.
    let error: unknown;
    while (!types.isNativeError(error)) {
      error = await new Promise<unknown>((resolve) => {
        for (let count = 0; count < 999; count++) webSocket.ping(payload, true, () => undefined);
        webSocket.ping(payload, true, resolve);
      });
    }
    expect((error as NodeJS.ErrnoException).code).toMatch(/^(?:ECONNRESET|EPIPE)$/);
    webSocket.terminate();
  });
});

describe('the number of connections is limited', () => {
  it('without CONNECT: the oldest makes room for the next', async () => {
    await using listener = await startLimitedListener({ maxPendingConnections: 3 });
    const healthy = await connected(listener);
    const pending = [connectTcp(listener.port, '127.0.0.1'), listener.open(), listener.open()];
    for (const socket of pending) socket.on('error', () => undefined).resume();
    const [tcp, oldest] = pending;
    await once(pending[2] ?? healthy, 'secureConnect');
    const [first, second] = [tcp, oldest].map((socket) => socket && once(socket, 'close'));
    const newcomer = await connected(listener);
    await first;
    // One that has a session takes nobody's room.
    const another = listener.open();
    await once(another, 'secureConnect');
    expect(oldest?.destroyed).toBe(false);
    const last = listener.open();
    await second;
    for (const socket of [healthy, newcomer]) {
      socket.write(REQUEST);
      await once(socket, 'data');
    }
    for (const socket of [healthy, newcomer, another, last, ...pending]) socket.destroy();
  });

  it('altogether', async () => {
    await using listener = await startLimitedListener({ maxConnections: 2 });
    const [one, other] = [await connected(listener), await connected(listener)];
    const refused = listener.open();
    await new Promise((resolve) => refused.once('close', resolve));
    one.destroy();
    await once(one, 'close');
    while (listener.reasons.length === 0) await new Promise((resolve) => setImmediate(resolve));
    const next = await connected(listener);
    for (const socket of [other, next]) socket.destroy();
  });
});

describe('a defect of a service', () => {
  it('costs one client its connection and nobody else', async () => {
    await using listener = await startLimitedListener({});
    const healthy = await connected(listener);
    const socket = listener.open();
    socket.write('GET /throw HTTP/1.1\r\nHost: localhost\r\n\r\n');
    await once(socket.resume(), 'close');
    healthy.write(REQUEST);
    await once(healthy, 'data');
    healthy.destroy();
  });
});
