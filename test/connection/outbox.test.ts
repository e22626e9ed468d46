import { Message, X509AuthenticationProvider } from 'azure-iot-device';
import { Mqtt } from 'azure-iot-device-mqtt';
import { Outbox } from '../../src/connection/outbox';
import { ConnectionError } from '../../src/errors/errors';
import type { HubLink, SendCallback } from '../../src/hub/link';
import { telemetryTopic, withCheapJson } from '../../src/hub/sdk-telemetry';

beforeEach(() => {
  jest.useFakeTimers();
});

afterEach(() => {
  expect(jest.getTimerCount()).toBe(0);
  jest.useRealTimers();
});

/** A link on which nothing is acknowledged unless the test does it. */
function silentLink() {
  const unacknowledged: { body: string; acknowledge: SendCallback }[] = [];
  const failures: unknown[] = [];
  const link = {
    host: 'hub.example',
    isOpen: true,
    send: (message: Message, acknowledge: SendCallback) =>
      void unacknowledged.push({ body: String(message.data), acknowledge }),
    fail: (failure: unknown) => {
      link.isOpen = false;
      failures.push(failure);
    },
  };
  // The rest of a link is of no concern to an outbox.
  return { link: link as unknown as HubLink, unacknowledged, failures };
}

function closedError(): ConnectionError {
  return new ConnectionError({
    code: 'CONNECTION_CLOSED',
    service: 'hub',
    host: 'hub.example',
    message: 'It is closed.',
    remedy: 'Open it.',
  });
}

function outbox(): Outbox {
  return new Outbox(10);
}

test('a message that is not acknowledged for 30 seconds ends the link and is sent again on the next one', () => {
  const box = outbox();
  const [first, second] = [silentLink(), silentLink()];
  const outcome = jest.fn();
  box.start(first.link);
  box.send(new Message('precious'), outcome);
  jest.advanceTimersByTime(29_999);
  expect(first.failures).toEqual([]);
  jest.advanceTimersByTime(1);
  expect(first.failures).toEqual([{ kind: 'timeout', stage: 'publish', timeoutMs: 30_000 }]);
  box.stop();
  expect(outcome).not.toHaveBeenCalled();

  box.start(second.link);
  expect(second.unacknowledged.map(({ body }) => body)).toEqual(['precious']);
  second.unacknowledged[0]?.acknowledge(undefined);
  expect(outcome).toHaveBeenCalledWith(undefined, undefined);
  box.stop();
});

test('messages that are each acknowledged in time never end the link', () => {
  const box = outbox();
  const { link, unacknowledged, failures } = silentLink();
  box.start(link);
  for (let second = 0; second < 100; second += 1) {
    box.send(new Message('x'), () => undefined);
    jest.advanceTimersByTime(1000);
    // Each is acknowledged 20 seconds after it was sent.
    if (second >= 20) unacknowledged[second - 20]?.acknowledge(undefined);
  }
  expect(failures).toEqual([]);
  jest.advanceTimersByTime(9_999);
  expect(failures).toEqual([]);
  // The oldest that is left.
  jest.advanceTimersByTime(1);
  expect(failures).toHaveLength(1);
  box.stop();
});

test('close() of the outbox settles the unacknowledged messages with its error', () => {
  const box = outbox();
  const { link } = silentLink();
  const outcome = jest.fn();
  box.start(link);
  box.send(new Message('x'), outcome);
  const error = closedError();
  box.close(error);
  expect(outcome).toHaveBeenCalledWith(error, undefined);
});

test('a message for a transport without the private topic method of the SDK is cheap to turn into JSON', () => {
  const message = new Message(Buffer.alloc(200_000, 'x'));
  expect(JSON.stringify(withCheapJson(message)).length).toBeLessThan(100);
});

test('the installed SDK has the private topic method, so that telemetry bypasses its state machines', () => {
  const x509 = { cert: '', key: '' };
  const provider = new X509AuthenticationProvider({ host: 'hub.example', deviceId: 'dev-1', x509 });
  const message = new Message('x');
  message.properties.add('level', 'a&b');
  expect(telemetryTopic(new Mqtt(provider), message)).toMatch(/level=a%26b$/);
});
