import { KeepAlive } from '../../src/network/keep-alive';

beforeEach(() => {
  jest.useFakeTimers();
});

afterEach(() => {
  expect(jest.getTimerCount()).toBe(0);
  jest.useRealTimers();
});

function start(allowanceMs: () => number = () => 0) {
  const ping = jest.fn();
  const onDead = jest.fn();
  const keepAlive = new KeepAlive({ keepAliveSeconds: 60, ping, onDead, allowanceMs });
  return { keepAlive, ping, onDead };
}

test('a link that answers no ping is dead within 1.5 times the keep-alive', () => {
  const { keepAlive, ping, onDead } = start();
  jest.advanceTimersByTime(41_999);
  // The last sign of life comes just before the ping.
  keepAlive.heard();
  jest.advanceTimersByTime(1);
  expect(ping).toHaveBeenCalledTimes(1);
  jest.advanceTimersByTime(41_999);
  expect(onDead).not.toHaveBeenCalled();
  jest.advanceTimersByTime(1);
  expect(onDead).toHaveBeenCalledWith(42_000);
  keepAlive.stop();
});

test('a link that answers is pinged at intervals below the keep-alive, for ever', () => {
  const { keepAlive, ping, onDead } = start();
  ping.mockImplementation(() => setTimeout(() => keepAlive.heard(), 5_000));
  jest.advanceTimersByTime(60_000 * 70);
  expect(ping).toHaveBeenCalledTimes(100);
  expect(onDead).not.toHaveBeenCalled();
  jest.runOnlyPendingTimers();
  keepAlive.stop();
  jest.clearAllTimers();
});

test('a ping behind other bytes gets the time on top that these may take, as they were when it was sent', () => {
  let allowanceMs = 100_000;
  const { keepAlive, ping, onDead } = start(() => allowanceMs);
  jest.advanceTimersByTime(42_000);
  // What is sent behind the ping does not keep its answer.
  allowanceMs = 1_000_000;
  jest.advanceTimersByTime(141_999);
  expect(ping).toHaveBeenCalledTimes(1);
  expect(onDead).not.toHaveBeenCalled();
  jest.advanceTimersByTime(1);
  expect(onDead).toHaveBeenCalledTimes(1);
  keepAlive.stop();
});

test('everything received is a sign of life, not only the answer of a ping', () => {
  const { keepAlive, ping, onDead } = start();
  jest.advanceTimersByTime(42_000);
  jest.advanceTimersByTime(40_000);
  keepAlive.heard();
  jest.advanceTimersByTime(2_000);
  expect(onDead).not.toHaveBeenCalled();
  expect(ping).toHaveBeenCalledTimes(2);
  keepAlive.stop();
});

test('a ping on demand is sent at once, unless one is under way, and postpones the next one', () => {
  const { keepAlive, ping } = start();
  jest.advanceTimersByTime(10_000);
  keepAlive.ping();
  keepAlive.ping();
  expect(ping).toHaveBeenCalledTimes(1);
  keepAlive.heard();
  jest.advanceTimersByTime(41_999);
  expect(ping).toHaveBeenCalledTimes(1);
  jest.advanceTimersByTime(1);
  expect(ping).toHaveBeenCalledTimes(2);
  keepAlive.stop();
});
