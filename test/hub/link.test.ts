import { HubLink } from '../../src/hub/link';
import { ConnectTurns } from '../../src/network/connect-turns';
import { MockHubTransport } from '../support/mock-transports';

let link: HubLink;

beforeEach(async () => {
  const target = {
    host: 'contoso.azure-devices.net',
    deviceId: 'pump-1',
    enrollment: 'hub-individual',
    x509: { cert: '', key: '' },
    ca: undefined,
    proxyFor: () => undefined,
  } as const;
  const options = {
    transport: 'mqtt',
    keepAliveSeconds: 60,
    turns: new ConnectTurns(),
    sdkOptions: {},
    createTransport: () => new MockHubTransport().asTransport(),
  } as const;
  link = await HubLink.open(target, options, new AbortController().signal);
  jest.useFakeTimers({ doNotFake: ['setImmediate', 'nextTick', 'queueMicrotask'] });
});

afterEach(() => {
  jest.useRealTimers();
  link.fail({ kind: 'closed' });
});

/** Whether `answered()` resolves without more time. */
async function isAnswered(): Promise<() => boolean> {
  let isDone = false;
  void link.answered().then(() => (isDone = true));
  await new Promise((resolve) => setImmediate(resolve));
  return () => isDone;
}

test('a link without direct methods under way is not waited for', async () => {
  expect((await isAnswered())()).toBe(true);
});

test('a link is waited for until its direct methods are answered, those that come meanwhile included', async () => {
  let answerFirst: () => void = () => undefined;
  let answerSecond: () => void = () => undefined;
  link.holdAnswer(new Promise((resolve) => (answerFirst = resolve)));
  const isDone = await isAnswered();
  link.holdAnswer(new Promise((resolve) => (answerSecond = resolve)));
  answerFirst();
  await new Promise((resolve) => setImmediate(resolve));
  expect(isDone()).toBe(false);
  answerSecond();
  await new Promise((resolve) => setImmediate(resolve));
  expect(isDone()).toBe(true);
  expect(jest.getTimerCount()).toBe(0);
});

test.each<[string, () => void]>([
  ['ten seconds have passed', () => jest.advanceTimersByTime(10_000)],
  ['the connection is over', () => link.fail({ kind: 'lost' })],
])('a direct method that is never answered is not waited for any more when %s', async (_what, happens) => {
  link.holdAnswer(new Promise(() => undefined));
  const isDone = await isAnswered();
  jest.advanceTimersByTime(9_999);
  await new Promise((resolve) => setImmediate(resolve));
  expect(isDone()).toBe(false);
  happens();
  await new Promise((resolve) => setImmediate(resolve));
  expect(isDone()).toBe(true);
});
