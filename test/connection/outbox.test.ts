import { Message, X509AuthenticationProvider } from 'azure-iot-device';
import { Mqtt } from 'azure-iot-device-mqtt';
import { Outbox } from '../../src/connection/outbox';
import { ConnectionError } from '../../src/errors/errors';
import { telemetryTopic } from '../../src/hub/sdk-telemetry';
import { ManualLink } from '../support/manual-link';

beforeEach(() => {
  jest.useFakeTimers();
});

afterEach(() => {
  expect(jest.getTimerCount()).toBe(0);
  jest.useRealTimers();
});

function closedError(): ConnectionError {
  return new ConnectionError({
    code: 'CONNECTION_CLOSED',
    service: 'hub',
    host: 'hub.example',
    message: 'It is closed.',
    remedy: 'Open it.',
  });
}

function outbox(limits = { maxMessages: 10, maxBytes: 1_000 }): Outbox {
  return new Outbox(limits);
}

/** Sends a message and records its outcome. */
function send(box: Outbox, body: string | Buffer): jest.Mock {
  const outcome = jest.fn();
  box.send(new Message(body), outcome);
  return outcome;
}

const errorOf = (outcome: jest.Mock): unknown => (outcome.mock.calls as unknown[][])[0]?.[0];

describe('the time for an acknowledgement', () => {
  test('a message without any progress for 30 seconds ends the link and is sent again on the next one', () => {
    const box = outbox();
    const [first, second] = [new ManualLink(), new ManualLink()];
    box.start(first.asLink());
    const outcome = send(box, 'precious');
    jest.advanceTimersByTime(29_999);
    expect(first.failures).toEqual([]);
    jest.advanceTimersByTime(1);
    expect(first.failures).toEqual([{ kind: 'timeout', stage: 'publish', timeoutMs: 30_000 }]);
    box.stop();
    expect(outcome).not.toHaveBeenCalled();

    box.start(second.asLink());
    expect(second.bodies).toEqual(['precious']);
    second.acknowledge();
    expect(errorOf(outcome)).toBeUndefined();
    box.stop();
  });

  test('messages that are each acknowledged in time never end the link', () => {
    const box = outbox();
    const link = new ManualLink();
    box.start(link.asLink());
    for (let second = 0; second < 100; second += 1) {
      send(box, 'x');
      jest.advanceTimersByTime(1000);
      // Each is acknowledged 20 seconds after it was sent.
      if (second >= 20) link.acknowledge();
    }
    expect(link.failures).toEqual([]);
    jest.advanceTimersByTime(29_999);
    expect(link.failures).toEqual([]);
    jest.advanceTimersByTime(1);
    expect(link.failures).toHaveLength(1);
    box.stop();
  });

  test('a hub that acknowledges one message every three seconds gets each of 100 messages once, a few at a time', () => {
    const box = outbox();
    const link = new ManualLink();
    box.start(link.asLink());
    const outcomes = Array.from({ length: 100 }, (_, number) => send(box, `${number}`.padEnd(900)));
    let mostUnderWay = 0;
    for (let count = 0; count < 100; count += 1) {
      jest.advanceTimersByTime(3_000);
      link.acknowledge();
      if (count > 50) mostUnderWay = Math.max(mostUnderWay, link.unacknowledged);
    }
    expect(outcomes.every((outcome) => outcome.mock.calls.length === 1)).toBe(true);
    expect(link.bodies).toHaveLength(100);
    expect(link.failures).toEqual([]);
    expect(mostUnderWay).toBeLessThan(6);
    box.stop();
  });

  test('a hub that is silent is asked for a sign of life, and has 90 seconds more if it gives one', () => {
    const box = outbox();
    const link = new ManualLink();
    link.answersPings = true;
    box.start(link.asLink());
    send(box, 'x');
    jest.advanceTimersByTime(119_999);
    expect(link.pings).toBeGreaterThan(3);
    expect(link.failures).toEqual([]);
    jest.advanceTimersByTime(1);
    expect(link.failures).toHaveLength(1);
    box.stop();
  });

  test('a message that the hub has lost, as a later acknowledgement proves, is given 30 seconds in spite of signs of life', () => {
    const box = outbox();
    const link = new ManualLink();
    link.answersPings = true;
    box.start(link.asLink());
    send(box, 'lost');
    send(box, 'later');
    link.acknowledge('later');
    jest.advanceTimersByTime(29_999);
    expect(link.failures).toEqual([]);
    jest.advanceTimersByTime(1);
    expect(link.failures).toHaveLength(1);
    box.stop();
  });

  test('a message gets the time on top that its bytes may take on a slow uplink, and twice that after a link was given up', () => {
    const box = outbox();
    const [first, second] = [new ManualLink(), new ManualLink()];
    first.allowanceMs = second.allowanceMs = 50_000;
    box.start(first.asLink());
    send(box, 'large');
    jest.advanceTimersByTime(79_999);
    expect(first.failures).toEqual([]);
    jest.advanceTimersByTime(1);
    expect(first.failures).toHaveLength(1);
    box.stop();
    box.start(second.asLink());
    jest.advanceTimersByTime(129_999);
    expect(second.failures).toEqual([]);
    jest.advanceTimersByTime(1);
    expect(second.failures).toHaveLength(1);
    box.stop();
  });
});

describe('the window', () => {
  test('a fresh link gets a few messages, the others when these are acknowledged, and more at a time when that is quick', () => {
    const box = outbox();
    const link = new ManualLink();
    box.start(link.asLink());
    for (let count = 0; count < 1000; count += 1) send(box, Buffer.alloc(2_000, 'x'));
    const atFirst = link.unacknowledged;
    expect(atFirst).toBeGreaterThan(5);
    expect(atFirst).toBeLessThan(30);
    for (let count = 0; count < 500; count += 1) link.acknowledge();
    expect(link.unacknowledged).toBeGreaterThan(100);
    while (link.unacknowledged > 0) link.acknowledge();
    expect(link.bodies).toHaveLength(1000);
    expect(box.queue).toEqual({ messages: 0, bytes: 0 });
    box.stop();
  });

  test('nothing more is sent while the network does not take what was sent, until it has', () => {
    const box = outbox();
    const link = new ManualLink();
    link.backlogBytes = 300_000;
    box.start(link.asLink());
    send(box, 'waits');
    expect(link.bodies).toEqual([]);
    link.backlogBytes = 0;
    link.drain();
    expect(link.bodies).toEqual(['waits']);
    box.stop();
    box.close(closedError());
  });

  test('a message that an earlier link delivers after all is not sent again', () => {
    const box = outbox();
    const [first, second] = [new ManualLink(), new ManualLink()];
    box.start(first.asLink());
    const outcomes = ['a', 'b', 'c'].map((body) => send(box, body));
    box.stop();
    second.backlogBytes = 300_000;
    box.start(second.asLink());
    first.acknowledge('a');
    second.backlogBytes = 0;
    second.drain();
    expect(second.bodies).toEqual(['b', 'c']);
    first.acknowledge('c');
    second.acknowledge('b');
    second.acknowledge('c');
    expect(outcomes.map((outcome) => outcome.mock.calls.length)).toEqual([1, 1, 1]);
    expect(box.queue.messages).toBe(0);
    box.stop();
  });

  test('a message sent by the callback of another one keeps its place', () => {
    const box = outbox();
    const link = new ManualLink();
    box.start(link.asLink());
    box.send(new Message('first'), () => void send(box, 'third'));
    send(box, 'second');
    link.acknowledge('first');
    expect(link.bodies).toEqual(['first', 'second', 'third']);
    box.close(closedError());
  });
});

describe('the copy of a message', () => {
  test('a Buffer that is reused and properties that are changed after the call do not change the message', () => {
    const box = outbox();
    const body = Buffer.from('first');
    const message = new Message(body);
    message.messageId = 'id-1';
    message.properties.add('level', 'low');
    box.send(message, () => undefined);
    body.fill('x');
    message.messageId = 'id-2';
    message.properties.add('further', 'y');
    const [property] = message.properties.propertyList as { value: string }[];
    if (property) property.value = 'high';
    const link = new ManualLink();
    box.start(link.asLink());
    expect(link.bodies).toEqual(['first']);
    expect(link.sent[0]).toMatchObject({
      messageId: 'id-1',
      properties: { propertyList: [{ key: 'level', value: 'low' }] },
    });
    box.close(closedError());
  });

  test('the copy of a message is cheap to turn into JSON', () => {
    const box = outbox({ maxMessages: 1, maxBytes: 300_000 });
    send(box, Buffer.alloc(200_000, 'x'));
    const link = new ManualLink();
    box.start(link.asLink());
    expect(JSON.stringify(link.sent[0]).length).toBeLessThan(100);
    box.close(closedError());
  });

  test('the installed SDK has the private topic method, so that telemetry bypasses its state machines', () => {
    const box = outbox();
    const x509 = { cert: '', key: '' };
    const provider = new X509AuthenticationProvider({ host: 'hub.example', deviceId: 'dev-1', x509 });
    const message = new Message('x');
    message.properties.add('level', 'a&b');
    (message as { expiryTimeUtc: unknown }).expiryTimeUtc = new Date(0);
    box.send(message, () => undefined);
    const link = new ManualLink();
    box.start(link.asLink());
    const [copy = message] = link.sent;
    expect(telemetryTopic(new Mqtt(provider), copy)).toMatch(/%24\.exp=1970-01-01T[^&]*&level=a%26b$/);
    box.close(closedError());
  });
});

describe('the limits of the queue', () => {
  test('a message above the number that may wait is refused, and the error names that limit', () => {
    const box = outbox({ maxMessages: 2, maxBytes: 1_000 });
    send(box, 'a');
    send(box, 'b');
    const error = errorOf(send(box, 'c'));
    expect(error).toMatchObject({ code: 'QUEUE_FULL', isTransient: true });
    expect((error as Error).message).toContain('2 messages would wait');
    expect((error as ConnectionError).remedy).toContain('offlineQueue.maxMessages');
    box.close(closedError());
  });

  test('a message above the bytes that may wait is refused, a smaller one is not, and the error names that limit', () => {
    const box = outbox({ maxMessages: 10, maxBytes: 1_000 });
    send(box, Buffer.alloc(600));
    const error = errorOf(send(box, Buffer.alloc(401)));
    expect(error).toMatchObject({ code: 'QUEUE_FULL' });
    expect((error as Error).message).toContain('more than 1000 bytes');
    expect((error as ConnectionError).remedy).toContain('offlineQueue.maxBytes');
    send(box, Buffer.alloc(400));
    expect(box.queue).toMatchObject({ messages: 2, bytes: 1_000 });
    box.close(closedError());
  });

  test('nothing is refused while the link is up', () => {
    const box = outbox({ maxMessages: 0, maxBytes: 0 });
    const link = new ManualLink();
    box.start(link.asLink());
    const outcome = send(box, 'x');
    link.acknowledge();
    expect(errorOf(outcome)).toBeUndefined();
    box.stop();
    expect(errorOf(send(box, 'y'))).toMatchObject({ code: 'QUEUE_FULL' });
  });

  test('the queue tells the number of messages, their bytes, and when the oldest was sent', () => {
    const box = outbox();
    expect(box.queue).toEqual({ messages: 0, bytes: 0 });
    const oldest = new Date();
    send(box, 'abc');
    jest.advanceTimersByTime(5_000);
    send(box, 'de');
    expect(box.queue).toEqual({ messages: 2, bytes: 5, oldest });
    box.close(closedError());
    expect(box.queue).toEqual({ messages: 0, bytes: 0 });
  });
});

describe('the end', () => {
  test('close() of the outbox settles the unacknowledged messages with its error', () => {
    const box = outbox();
    const link = new ManualLink();
    box.start(link.asLink());
    const outcome = send(box, 'x');
    const error = closedError();
    box.close(error);
    expect(outcome).toHaveBeenCalledWith(error, undefined);
  });

  test('drain() refuses new messages at once and resolves when the last message is acknowledged', async () => {
    const box = outbox();
    const link = new ManualLink();
    box.start(link.asLink());
    send(box, 'a');
    send(box, 'b');
    const drained = jest.fn();
    const draining = box.drain(10_000).then(drained);
    expect(errorOf(send(box, 'late'))).toMatchObject({ code: 'CONNECTION_CLOSED' });
    link.acknowledge('a');
    await Promise.resolve();
    expect(drained).not.toHaveBeenCalled();
    link.acknowledge('b');
    await draining;
    box.stop();
  });

  test.each([
    ['after its time', (): unknown => jest.advanceTimersByTime(10_000)],
    ['when the connection is given up', (box: Outbox) => box.close(closedError())],
  ])('drain() resolves %s', async (_when, end) => {
    const box = outbox();
    send(box, 'a');
    const draining = box.drain(10_000);
    end(box);
    await draining;
    box.close(closedError());
  });

  test.each([0, -1, NaN])('drain(%d) waits for nothing', async (milliseconds) => {
    const box = outbox();
    send(box, 'a');
    await box.drain(milliseconds);
    box.close(closedError());
  });

  test('drain(Infinity) waits for the messages', async () => {
    const box = outbox();
    const link = new ManualLink();
    send(box, 'a');
    const draining = box.drain(Infinity);
    jest.advanceTimersByTime(3_600_000);
    box.start(link.asLink());
    link.acknowledge('a');
    await draining;
    box.stop();
  });
});

describe('messages that may have ended a link at the subscription of a feature', () => {
  /** An outbox on its second link, after the first one ended with an unacknowledged message. */
  function afterAnEnd(): { box: Outbox; link: ManualLink; outcome: jest.Mock } {
    const box = outbox();
    const [first, link] = [new ManualLink(), new ManualLink()];
    box.start(first.asLink());
    const outcome = send(box, 'suspect');
    first.fail({ kind: 'lost' });
    expect(box.mayHaveEnded(first.asLink())).toBe(true);
    box.stop();
    box.start(link.asLink());
    return { box, link, outcome };
  }

  async function isSettled(promise: Promise<void>): Promise<boolean> {
    const pending = Symbol('pending');
    for (let turn = 0; turn < 10; turn += 1) await Promise.resolve();
    return (await Promise.race([promise, Promise.resolve(pending)])) !== pending;
  }

  test('hold the features of the next link until they are acknowledged, and then are not the cause of its end', async () => {
    const { box, link } = afterAnEnd();
    const proven = box.prove(link.asLink());
    send(box, 'later');
    expect(await isSettled(proven)).toBe(false);
    link.acknowledge('suspect');
    expect(await isSettled(proven)).toBe(true);
    expect(box.mayHaveEnded(link.asLink())).toBe(false);
    box.stop();
  });

  test('hold the features for two seconds at most', async () => {
    const { box, link } = afterAnEnd();
    const proven = box.prove(link.asLink());
    jest.advanceTimersByTime(1_999);
    expect(await isSettled(proven)).toBe(false);
    jest.advanceTimersByTime(1);
    expect(await isSettled(proven)).toBe(true);
    box.stop();
  });

  test('hold nothing any more when the link is over', async () => {
    const { box, link } = afterAnEnd();
    const proven = box.prove(link.asLink());
    link.drop();
    expect(await isSettled(proven)).toBe(true);
    box.stop();
  });

  test('are none on a link on which nothing was unacknowledged', async () => {
    const box = outbox();
    const link = new ManualLink();
    box.start(link.asLink());
    send(box, 'harmless');
    link.acknowledge();
    expect(await isSettled(box.prove(link.asLink()))).toBe(true);
    expect(box.mayHaveEnded(link.asLink())).toBe(false);
    box.stop();
  });
});
