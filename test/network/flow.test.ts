import { Flow } from '../../src/network/flow';

beforeEach(() => {
  jest.useFakeTimers();
});

afterEach(() => {
  jest.useRealTimers();
});

test('the first bytes of a connection may take a second for each 1000 of them', () => {
  const flow = new Flow();
  const acknowledged = flow.sent(200_000);
  expect(flow.allowanceMs).toBe(200_000);
  jest.advanceTimersByTime(50_000);
  acknowledged();
  expect(flow.allowanceMs).toBe(0);
});

test('a small message that was quick says nothing about a large one', () => {
  const flow = new Flow();
  flow.sent(100)();
  flow.sent(200_000);
  expect(flow.allowanceMs).toBeGreaterThan(199_000);
});

test('the bytes that a connection has carried in a second need no time on top, eight times', () => {
  const flow = new Flow();
  const first = flow.sent(10_000);
  const second = flow.sent(10_000);
  jest.advanceTimersByTime(1_000);
  first();
  second();
  flow.sent(160_000);
  expect(flow.allowanceMs).toBe(0);
  flow.sent(5_000);
  expect(flow.allowanceMs).toBe(5_000);
});

test('a connection that took two seconds for its bytes has carried half of them in a second', () => {
  const flow = new Flow();
  const acknowledged = flow.sent(10_000);
  jest.advanceTimersByTime(2_000);
  acknowledged();
  flow.sent(41_000);
  expect(flow.allowanceMs).toBe(1_000);
});
