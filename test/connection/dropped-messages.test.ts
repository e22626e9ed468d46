import { Message } from 'azure-iot-device';
import { Outbox } from '../../src/connection/outbox';
import type { ConnectionError } from '../../src/errors/errors';
import { ManualLink } from '../support/manual-link';

/** A hub that ends the connection in answer to some messages, and a device that connects again after a second. */
class DroppingHub {
  readonly outcomes = new Map<string, Error | undefined>();
  readonly box = new Outbox({ maxMessages: 1_000, maxBytes: 1_000_000 });
  /** The number of connections that the hub has ended. */
  drops = 0;
  readonly #isRefused: (body: string) => boolean;
  /** The age at which the network ends a link, in milliseconds. */
  readonly #lifeMs: () => number;

  constructor(isRefused: (body: string) => boolean, lifeMs: () => number = () => Infinity) {
    this.#isRefused = isRefused;
    this.#lifeMs = lifeMs;
  }

  send(...bodies: string[]): void {
    for (const body of bodies)
      this.box.send(new Message(body), (error) => void this.outcomes.set(body, error ?? undefined));
  }

  /** Runs links until every message is settled or so many of them have ended. */
  run(maxLinks: number): void {
    for (let links = 0; links < maxLinks && this.box.queue.messages > 0; links += 1) {
      const link = new ManualLink();
      this.box.start(link.asLink());
      this.#serve(link);
      link.drop();
      this.box.stop();
      jest.advanceTimersByTime(1_000);
    }
  }

  /** Answers each message 20 ms after it has come. */
  #serve(link: ManualLink): void {
    const endsAt = performance.now() + this.#lifeMs();
    let served = 0;
    for (let idleMs = 0; idleMs < 120_000; idleMs += 20) {
      const arrived = link.bodies.slice(served);
      jest.advanceTimersByTime(20);
      if (performance.now() >= endsAt) return;
      for (const body of arrived) {
        if (this.#isRefused(body)) {
          this.drops += 1;
          return;
        }
        link.acknowledge(body);
        served += 1;
        idleMs = 0;
      }
      if (this.box.queue.messages === 0) return;
    }
    throw new Error('The hub got nothing for two minutes.');
  }
}

beforeEach(() => {
  jest.useFakeTimers();
});

afterEach(() => {
  expect(jest.getTimerCount()).toBe(0);
  jest.useRealTimers();
});

const numbered = (count: number) => Array.from({ length: count }, (_, number) => `good ${number}`);

test.each([
  ['first', ['bad', 'a', 'b', 'c']],
  ['in the middle', ['a', 'b', 'bad', 'c']],
  ['behind 300 others', [...numbered(300), 'bad', 'c']],
])(
  'a message that the hub answers by a drop is rejected when it is %s, and the others arrive',
  (_where, bodies) => {
    const hub = new DroppingHub((body) => body === 'bad');
    hub.send(...bodies);
    hub.run(10);
    const error = hub.outcomes.get('bad') as ConnectionError;
    expect(error).toMatchObject({ name: 'ConnectionError', code: 'MESSAGE_REFUSED', isTransient: false });
    expect(error.message).toContain('hub.example ended the connection');
    expect(error.message).toContain('3 bytes');
    expect(bodies.filter((body) => body !== 'bad' && hub.outcomes.get(body) !== undefined)).toEqual([]);
    expect(hub.outcomes.size).toBe(bodies.length);
    expect(hub.drops).toBeLessThanOrEqual(6);
  },
);

test('two messages that the hub answers by a drop, one behind the other, are both rejected', () => {
  const hub = new DroppingHub((body) => body.startsWith('bad'));
  hub.send('bad 1', 'bad 2', 'good');
  hub.run(16);
  expect(hub.outcomes.get('bad 1')).toMatchObject({ code: 'MESSAGE_REFUSED' });
  expect(hub.outcomes.get('bad 2')).toMatchObject({ code: 'MESSAGE_REFUSED' });
  expect(hub.outcomes.get('good')).toBeUndefined();
  expect(hub.outcomes.size).toBe(3);
});

test('a message without another to compare it with is rejected after two more drops', () => {
  const hub = new DroppingHub(() => true);
  hub.send('only');
  hub.run(20);
  expect(hub.outcomes.get('only')).toMatchObject({ code: 'MESSAGE_REFUSED' });
  expect(hub.drops).toBe(8);
});

test('no message is rejected by a hub that answers every message by a drop, as when a quota is used up', () => {
  let isQuotaUsedUp = true;
  const hub = new DroppingHub(() => isQuotaUsedUp);
  hub.send(...numbered(20));
  hub.run(50);
  expect(hub.outcomes.size).toBe(0);
  isQuotaUsedUp = false;
  hub.run(5);
  expect(hub.outcomes.size).toBe(20);
  expect([...hub.outcomes.values()].every((error) => error === undefined)).toBe(true);
});

test.each([30, 100, 300, 1_000, 3_000])(
  'no message is rejected because a network ends the links at random, after %d ms on the average',
  (averageMs) => {
    let seed = averageMs;
    const random = () => (seed = (seed * 16_807) % 2_147_483_647) / 2_147_483_647;
    const hub = new DroppingHub(
      () => false,
      () => -Math.log(random()) * averageMs,
    );
    for (let batch = 0; batch < 40; batch += 1) {
      hub.send(...Array.from({ length: 5 }, (_, number) => `${batch}.${number}`));
      hub.run(200);
    }
    expect(hub.box.queue.messages).toBe(0);
    expect([...hub.outcomes.values()].filter((error) => error !== undefined)).toEqual([]);
  },
);

test('links that end for lack of an answer, or on this side, are not held against a message', () => {
  const box = new Outbox({ maxMessages: 10, maxBytes: 1_000 });
  const outcome = jest.fn();
  box.send(new Message('slow'), outcome);
  for (let count = 0; count < 20; count += 1) {
    const link = new ManualLink();
    box.start(link.asLink());
    expect(link.bodies).toEqual(['slow']);
    link.fail({ kind: 'timeout', stage: 'ping', timeoutMs: 1 });
    box.stop();
  }
  expect(outcome).not.toHaveBeenCalled();
});

test('a message that waits for its trial and is delivered by an earlier link holds up nothing', () => {
  const box = new Outbox({ maxMessages: 10, maxBytes: 1_000 });
  const outcome = jest.fn();
  const links = Array.from({ length: 5 }, () => new ManualLink());
  const [first, second, third, renewed, last] = links;
  box.send(new Message('x'), outcome);
  box.send(new Message('y'), () => undefined);
  for (const link of [first, second, third]) {
    if (!link) continue;
    box.start(link.asLink());
    link.drop();
    box.stop();
  }
  if (!renewed || !last) throw new Error('there are five links');
  // Held back on this one until it has lived for a second.
  box.start(renewed.asLink());
  expect(renewed.bodies).toEqual([]);
  jest.advanceTimersByTime(1_000);
  expect(renewed.bodies).toEqual(['x']);
  // Another link takes over while the message is on its way, as when a certificate is renewed.
  box.stop();
  box.start(last.asLink());
  expect(last.bodies).toEqual([]);
  renewed.acknowledge('x');
  jest.advanceTimersByTime(0);
  expect(outcome).toHaveBeenCalledTimes(1);
  expect(last.bodies).toEqual(['y']);
  last.acknowledge('y');
  box.stop();
});
