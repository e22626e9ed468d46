import { ConnectionError, ProvisioningError, type DeviceError } from 'azure-iot-x509';
import { Outage, type OutageInit, type OutageOptions } from '../../src/connection/outage';
import type { NextState } from '../../src/connection/state';

/* Hours pass in no time here. The random numbers are the largest, so that each delay is its bound. */

const OPTIONS: OutageOptions = {
  minDelayMs: 1_000,
  maxDelayMs: 60_000,
  maxRefusedDelayMs: 3_600_000,
  giveUpAfterMs: Infinity,
  giveUpAfterRefusedMs: Infinity,
};
const MINUTE = 60_000;

let givenUp: DeviceError[];
let outage: Outage;
let states: NextState[];

beforeEach(() => {
  jest.useFakeTimers();
  jest.spyOn(Math, 'random').mockReturnValue(0.999_999_9);
  givenUp = [];
  states = [];
});

afterEach(() => {
  outage.end();
  expect(jest.getTimerCount()).toBe(0);
  jest.restoreAllMocks();
  jest.useRealTimers();
});

const lost = () =>
  new ConnectionError({
    ...{ code: 'CONNECTION_LOST', service: 'hub', host: 'hub-1', message: 'lost', remedy: 'Try again.' },
    isTransient: true,
  });
const refusedByDps = () =>
  new ProvisioningError({ code: 'ENROLLMENT_DISABLED', message: 'no', remedy: 'Enable it.' });
const refusedByHub = () =>
  new ConnectionError({ code: 'UNAUTHORIZED', service: 'hub', host: 'hub-1', message: 'no', remedy: '' });

function begin(options: Partial<OutageOptions> = {}, init: Partial<OutageInit> = {}): void {
  const onGiveUp = (error: DeviceError) => void givenUp.push(error);
  const start = { status: 'reconnecting', attempt: 0, shortConnections: 0, onGiveUp } as const;
  outage = new Outage({ ...OPTIONS, ...options }, { ...start, ...init });
}

/** The delay after a failure, in seconds. */
async function delayAfter(error: DeviceError): Promise<number> {
  outage.failed(error, error.code === 'CONNECTION_LOST' ? 'not refused' : 'refused');
  const before = Date.now();
  const pause = outage.pause({ set: (state) => states.push(state) }, true, new AbortController().signal);
  await jest.runOnlyPendingTimersAsync();
  await pause;
  return Math.round((Date.now() - before) / 1000);
}

async function delays(...errors: readonly DeviceError[]): Promise<number[]> {
  const seconds: number[] = [];
  for (const error of errors) seconds.push(await delayAfter(error));
  return seconds;
}

const times = (number: number, make: () => DeviceError) => Array.from({ length: number }, make);

test('the bound of the delay doubles to a minute', async () => {
  begin();
  expect(await delays(...times(9, lost))).toEqual([1, 2, 4, 8, 16, 32, 60, 60, 60]);
});

test('the bound of the delay stays at a minute while a hub refuses the device', async () => {
  begin();
  expect(await delays(...times(9, refusedByHub))).toEqual([1, 2, 4, 8, 16, 32, 60, 60, 60]);
});

test('the bound of the delay doubles to an hour while DPS refuses the device', async () => {
  begin();
  expect(await delays(...times(14, refusedByDps))).toEqual([
    1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 3600, 3600,
  ]);
});

test('the first refusal after a long outage does not lead to a long pause, nor a failure after many refusals', async () => {
  begin();
  await delays(...times(50, lost));
  expect(await delays(refusedByDps(), refusedByDps())).toEqual([128, 256]);
  await delays(...times(50, refusedByDps));
  expect(await delays(lost(), refusedByDps())).toEqual([60, 128]);
});

test.each([
  [{ minDelayMs: 0, maxDelayMs: 0, maxRefusedDelayMs: 0 }, [0, 0, 0]],
  [{ minDelayMs: 5_000, maxDelayMs: 1_000, maxRefusedDelayMs: 2_000 }, [2, 2, 2]],
])('the bounds %j lead to the delays %j', async (options, expected) => {
  begin(options);
  expect(await delays(...times(3, refusedByDps))).toEqual(expected);
});

test('the advice of a refusal says when the device registers again, and that files are watched', async () => {
  begin();
  const at = new Date(Date.now() + 999).toISOString();
  await delayAfter(refusedByDps());
  expect(states).toMatchObject([
    {
      status: 'reconnecting',
      attempt: 1,
      advice: `The device registers again at ${at} and then connects. Changed files of its certificate or key are used within a minute. If that does not help: Enable it.`,
    },
    { advice: expect.stringContaining('The device registers again and then connects.') as string },
  ]);
});

test('a hurry ends the present pause, or leaves out the next one, and no further one', async () => {
  begin();
  outage.failed(refusedByDps(), 'refused');
  const { signal } = new AbortController();
  const pause = outage.pause({ set: () => undefined }, true, signal);
  outage.hurry();
  await pause;
  outage.hurry();
  expect(await delays(refusedByDps(), refusedByDps())).toEqual([0, 4]);
});

test('an abort ends a pause with its reason', async () => {
  begin();
  outage.failed(refusedByDps(), 'refused');
  const controller = new AbortController();
  const pause = outage.pause({ set: () => undefined }, true, controller.signal);
  controller.abort(new Error('closed'));
  await expect(pause).rejects.toThrow('closed');
});

describe('giveUpAfterRefusedMs', () => {
  test('is measured from the first refusal in a row, and ends the outage during a pause', async () => {
    begin({ giveUpAfterRefusedMs: 10 * MINUTE });
    outage.failed(refusedByDps(), 'refused');
    await jest.advanceTimersByTimeAsync(9 * MINUTE);
    const last = refusedByHub();
    outage.failed(last, 'refused');
    await jest.advanceTimersByTimeAsync(MINUTE - 1);
    expect(givenUp).toEqual([]);
    await jest.advanceTimersByTimeAsync(1);
    expect(givenUp).toEqual([last]);
  });

  test('begins anew after another failure', async () => {
    begin({ giveUpAfterRefusedMs: 10 * MINUTE });
    outage.failed(refusedByDps(), 'refused');
    await jest.advanceTimersByTimeAsync(9 * MINUTE);
    outage.failed(lost(), 'not refused');
    await jest.advanceTimersByTimeAsync(60 * MINUTE);
    outage.failed(refusedByDps(), 'refused');
    await jest.advanceTimersByTimeAsync(9 * MINUTE);
    expect(givenUp).toEqual([]);
  });

  test('goes on while attempts leave open whether the device is refused, which do not begin it', async () => {
    begin({ giveUpAfterRefusedMs: 10 * MINUTE });
    outage.failed(refusedByHub(), 'open');
    await jest.advanceTimersByTimeAsync(60 * MINUTE);
    outage.failed(refusedByDps(), 'refused');
    await jest.advanceTimersByTimeAsync(9 * MINUTE);
    outage.failed(refusedByHub(), 'open');
    expect(givenUp).toEqual([]);
    await jest.advanceTimersByTimeAsync(MINUTE);
    expect(givenUp).toHaveLength(1);
  });

  test('is not affected by a wall clock that jumps', async () => {
    begin({ giveUpAfterRefusedMs: 10 * MINUTE });
    outage.failed(refusedByDps(), 'refused');
    jest.setSystemTime(Date.now() + 365 * 24 * 60 * MINUTE);
    outage.failed(refusedByDps(), 'refused');
    expect(givenUp).toEqual([]);
    await jest.advanceTimersByTimeAsync(10 * MINUTE);
    expect(givenUp).toHaveLength(1);
  });
});

test('giveUpAfterMs ends the outage when its time is over, whatever the failures', async () => {
  begin({ giveUpAfterMs: 10 * MINUTE });
  outage.failed(lost(), 'not refused');
  await jest.advanceTimersByTimeAsync(9 * MINUTE);
  outage.failed(refusedByHub(), 'refused');
  await jest.advanceTimersByTimeAsync(MINUTE);
  expect(givenUp).toMatchObject([{ code: 'UNAUTHORIZED' }]);
});
