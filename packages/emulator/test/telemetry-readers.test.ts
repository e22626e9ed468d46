import { once } from 'node:events';
import {
  startEmulator,
  type Emulator,
  type HubEmulator,
  type TelemetryMessage,
  type TelemetryReader,
} from 'azure-iot-emulator';
import { createSelfSignedCertificate } from 'azure-iot-certificates';
import { expectNothingLeft } from '../../../test/support/leaks';
import { connectToHub, createHubDevice } from './support/clients';
import { useEmulator } from './support/emulator';
import type { RawClient } from './support/raw-client';

/* hub.readTelemetry(): messages as they come, no faster than they are read. */

const context = useEmulator();
let count = 0;

interface Sender extends AsyncDisposable {
  readonly deviceId: string;
  readonly client: RawClient;
}

/** A device that is connected. */
async function connect(
  emulator: Emulator = context.emulator,
  hub: HubEmulator = context.hub,
): Promise<Sender> {
  const deviceId = `sender-${(count += 1)}`;
  const identity = await createHubDevice(hub, deviceId);
  const client = await connectToHub(emulator, hub, deviceId, identity);
  return { deviceId, client, [Symbol.asyncDispose]: () => client.drop() };
}

function topicOf({ deviceId }: Sender): string {
  return `devices/${deviceId}/messages/events/`;
}

/** Sends messages without waiting for anything. */
function publish(sender: Sender, texts: readonly string[]): void {
  for (const [index, payload] of texts.entries()) {
    sender.client.send({
      cmd: 'publish',
      topic: topicOf(sender),
      payload,
      qos: 1,
      retain: false,
      dup: false,
      messageId: index + 1,
    });
  }
}

async function acknowledged(sender: Sender, times: number): Promise<void> {
  for (let index = 0; index < times; index++) await sender.client.expect('puback');
}

/** Checks that the hub does not answer, though it has every opportunity: the other client is answered many times. */
async function expectUnanswered(answer: Promise<unknown>, other: Sender): Promise<void> {
  let isAnswered = false;
  void answer.then(() => (isAnswered = true));
  for (let round = 0; round < 20; round++) await other.client.ping();
  expect(isAnswered).toBe(false);
}

function numbered(from: number, to: number): readonly string[] {
  return Array.from({ length: to - from }, (_, index) => String(from + index));
}

async function take(reader: TelemetryReader, times: number): Promise<readonly string[]> {
  const texts: string[] = [];
  for (let index = 0; index < times; index++) {
    const { value } = await reader.next();
    texts.push(value?.body.toString() ?? 'the end');
  }
  return texts;
}

test('messages come as the device sent them, from the call on', async () => {
  await using sender = await connect();
  await sender.client.publishAcknowledged(topicOf(sender), 'before');
  const reader = context.hub.readTelemetry();
  await sender.client.publishAcknowledged(`${topicOf(sender)}level=high&%24.mid=m1`, 'after');
  const texts: string[] = [];
  for await (const message of reader) {
    texts.push(message.body.toString());
    expect(message).toMatchObject({
      deviceId: sender.deviceId,
      properties: { level: 'high' },
      systemProperties: { messageId: 'm1' },
      enqueuedTime: expect.any(Date) as unknown,
    });
    break;
  }
  expect(texts).toEqual(['after']);
  // Leaving the loop was the end of it.
  expect(await reader.next()).toEqual({ done: true, value: undefined });
});

test('fromStart begins with what the hub remembers', async () => {
  await using sender = await connect();
  publish(sender, ['a', 'b']);
  await acknowledged(sender, 2);
  await using reader = context.hub.readTelemetry({ deviceId: sender.deviceId, fromStart: true });
  publish(sender, ['c']);
  expect(await take(reader, 3)).toEqual(['a', 'b', 'c']);
});

test('a reader of one device hears of no other, nor of modules', async () => {
  const { emulator, hub } = context;
  await using sender = await connect();
  await using other = await connect();
  const { deviceId } = sender;
  const identity = await createSelfSignedCertificate({ commonName: 'module' });
  hub.modules.create({ deviceId, moduleId: 'm', authentication: { primaryThumbprint: identity.thumbprint } });
  await using ofDevice = hub.readTelemetry({ deviceId });
  await using ofModule = hub.readTelemetry({ deviceId, moduleId: 'm' });
  await using module = await connectToHub(emulator, hub, `${deviceId}/m`, identity);
  await other.client.publishAcknowledged(topicOf(other), 'other');
  await module.publishAcknowledged(`devices/${deviceId}/modules/m/messages/events/`, 'module');
  await sender.client.publishAcknowledged(topicOf(sender), 'device');
  expect(await take(ofDevice, 1)).toEqual(['device']);
  expect(await take(ofModule, 1)).toEqual(['module']);
});

test('calls of next() without waiting get messages in turn', async () => {
  await using sender = await connect();
  await using reader = context.hub.readTelemetry();
  const results = Promise.all([take(reader, 1), take(reader, 1), take(reader, 1)]);
  publish(sender, ['a', 'b', 'c']);
  expect(await results).toEqual([['a'], ['b'], ['c']]);
});

describe('a reader that is slower than the devices', () => {
  test('holds them, and loses nothing', async () => {
    await using sender = await connect();
    await using other = await connect();
    await using reader = context.hub.readTelemetry({ deviceId: sender.deviceId, maxBuffered: 4 });
    publish(sender, numbered(0, 20));
    await acknowledged(sender, 4);
    const answer = sender.client.next();
    await expectUnanswered(answer, other);
    // More than half of them still wait, so that nothing changes.
    expect(await take(reader, 1)).toEqual(['0']);
    await expectUnanswered(answer, other);
    expect(await take(reader, 19)).toEqual(numbered(1, 20));
    expect(await answer).toMatchObject({ cmd: 'puback' });
    await acknowledged(sender, 15);
  });

  test('holds those who connect meanwhile, after they were let in', async () => {
    await using elsewhere = await connect(context.emulator, context.emulator.central.hub);
    await using sender = await connect();
    await using reader = context.hub.readTelemetry({ maxBuffered: 1 });
    publish(sender, ['first']);
    await acknowledged(sender, 1);
    await using late = await connect();
    publish(late, ['late']);
    const answer = late.client.next();
    await expectUnanswered(answer, elsewhere);
    expect(await take(reader, 2)).toEqual(['first', 'late']);
    expect(await answer).toMatchObject({ cmd: 'puback' });
  });

  test('takes nothing away from another reader', async () => {
    await using sender = await connect();
    const { deviceId } = sender;
    const slow = context.hub.readTelemetry({ deviceId, maxBuffered: 2 });
    await using quick = context.hub.readTelemetry({ deviceId });
    publish(sender, numbered(0, 10));
    expect(await take(quick, 2)).toEqual(['0', '1']);
    expect(await take(slow, 1)).toEqual(['0']);
    expect(await take(slow, 3)).toEqual(['1', '2', '3']);
    await slow.return();
    expect(await take(quick, 8)).toEqual(numbered(2, 10));
    await acknowledged(sender, 10);
  });

  test.each<[what: string, leave: (reader: TelemetryReader) => unknown]>([
    ['returns from the loop', (reader) => reader.return()],
    ['is disposed of', (reader) => reader[Symbol.asyncDispose]()],
    [
      'breaks out of the loop',
      async (reader) => {
        for await (const message of reader) {
          expect(message.body.toString()).toBe('0');
          break;
        }
      },
    ],
  ])('lets them go when it %s', async (_what, leave) => {
    await using sender = await connect();
    const reader = context.hub.readTelemetry({ deviceId: sender.deviceId, maxBuffered: 1 });
    publish(sender, numbered(0, 5));
    await acknowledged(sender, 1);
    await leave(reader);
    await acknowledged(sender, 4);
    expect(await reader.next()).toEqual({ done: true, value: undefined });
  });

  test('lets them go when it is aborted, and learns why', async () => {
    await using sender = await connect();
    const controller = new AbortController();
    const { signal } = controller;
    const reader = context.hub.readTelemetry({ deviceId: sender.deviceId, maxBuffered: 1, signal });
    publish(sender, numbered(0, 5));
    await acknowledged(sender, 1);
    const reason = new Error('enough');
    controller.abort(reason);
    await acknowledged(sender, 4);
    await expect(reader.next()).rejects.toBe(reason);
    expect(await reader.next()).toEqual({ done: true, value: undefined });
  });

  test('does not keep a device from being disconnected', async () => {
    await using sender = await connect();
    await using reader = context.hub.readTelemetry({ deviceId: sender.deviceId, maxBuffered: 1 });
    publish(sender, ['0', 'never read']);
    await acknowledged(sender, 1);
    context.hub.disconnectDevice(sender.deviceId);
    await sender.client.closed;
    expect(await take(reader, 1)).toEqual(['0']);
  });

  test('loses nothing of many devices that send at once', async () => {
    const senders: Sender[] = [];
    for (let index = 0; index < 10; index++) senders.push(await connect());
    await using reader = context.hub.readTelemetry({ maxBuffered: 2 });
    for (const sender of senders) publish(sender, ['0', '1', '2']);
    // One of each is taken before they are held.
    await Promise.all(senders.map((sender) => acknowledged(sender, 1)));
    const texts = await take(reader, 30);
    expect([...texts].sort()).toEqual(numbered(0, 3).flatMap((text) => Array<string>(10).fill(text)));
    await Promise.all(senders.map((sender) => acknowledged(sender, 2)));
    for (const sender of senders) await sender.client.drop();
  });

  test('fails when more comes that cannot be held: last wills', async () => {
    const { emulator, hub } = context;
    await using reader = hub.readTelemetry({ maxBuffered: 1 });
    for (let index = 0; index < 3; index++) {
      const deviceId = `dying-${index}`;
      const identity = await createHubDevice(hub, deviceId);
      const topic = `devices/${deviceId}/messages/events/`;
      const will = { topic, payload: Buffer.from('died'), qos: 0 as const, retain: false };
      await using client = await connectToHub(emulator, hub, deviceId, identity, { will });
      const gone = once(hub, 'deviceDisconnected');
      hub.disconnectDevice(deviceId);
      await gone;
      await client.closed;
    }
    await expect(reader.next()).rejects.toMatchObject({ name: 'EmulatorError', code: 403004 });
    expect(await reader.next()).toEqual({ done: true, value: undefined });
  });
});

describe('an abort', () => {
  test('ends a reader that waits', async () => {
    const controller = new AbortController();
    const reader = context.hub.readTelemetry({ signal: controller.signal });
    const [first, second] = [reader.next(), reader.next()];
    controller.abort('by now');
    await expect(first).rejects.toBe('by now');
    expect(await second).toEqual({ done: true, value: undefined });
  });

  test('that came before ends the reader at once', async () => {
    const reader = context.hub.readTelemetry({ signal: AbortSignal.abort('before') });
    await expect(reader.next()).rejects.toBe('before');
  });

  test('that comes after the end changes nothing, and nothing listens for it', async () => {
    const controller = new AbortController();
    const removed = jest.spyOn(controller.signal, 'removeEventListener');
    const reader = context.hub.readTelemetry({ signal: controller.signal });
    await reader.return();
    expect(removed).toHaveBeenCalledTimes(1);
    controller.abort();
    expect(await reader.next()).toEqual({ done: true, value: undefined });
  });
});

test('options that are wrong are refused', () => {
  const { hub } = context;
  for (const maxBuffered of [0, -1, 1.5, Number.NaN, Infinity]) {
    expect(() => hub.readTelemetry({ maxBuffered })).toThrow(
      expect.objectContaining({ code: 400004 }) as Error,
    );
  }
  expect(() => hub.readTelemetry({ moduleId: 'm' })).toThrow(
    expect.objectContaining({ code: 400004 }) as Error,
  );
});

test('when the emulator closes, readers get what is left, and nothing is left behind', async () => {
  await expectNothingLeft(async () => {
    const emulator = await startEmulator();
    const [hub] = emulator.hubs;
    if (hub === undefined) throw new Error('the emulator has a hub');
    await using sender = await connect(emulator, hub);
    const reader = hub.readTelemetry({ maxBuffered: 2 });
    const waiting = hub.readTelemetry({ deviceId: 'nobody' }).next();
    publish(sender, ['0', '1', '2']);
    await acknowledged(sender, 2);
    await emulator.close();
    expect(await waiting).toEqual({ done: true, value: undefined });
    const left: TelemetryMessage[] = [];
    for await (const message of reader) left.push(message);
    expect(left.map(({ body }) => body.toString())).toEqual(['0', '1']);
    expect(await hub.readTelemetry({ fromStart: true }).next()).toMatchObject({ done: false });
    expect(await hub.readTelemetry().next()).toEqual({ done: true, value: undefined });
  });
});
