import { setTimeout } from 'node:timers/promises';
import { backOff } from '../../network/back-off';
import type { DeviceError } from 'azure-iot-certificates';

const MAX_ATTEMPTS = 4;
const DELAYS = { minDelayMs: 1_000, maxDelayMs: 10_000 };

/** Repeats an attempt after transient failures. Rejects with the last error, or with `signal.reason`. */
export async function retried<T>(
  attempt: () => Promise<T>,
  toError: (error: unknown) => DeviceError,
  signal: AbortSignal,
): Promise<T> {
  for (let count = 1; ; count += 1) {
    try {
      return await attempt();
    } catch (error) {
      if (signal.aborted) throw signal.reason;
      const failure = toError(error);
      if (!failure.isTransient || count === MAX_ATTEMPTS) throw failure;
      await setTimeout(backOff(count, DELAYS), undefined, { signal }).catch(() => signal.throwIfAborted());
    }
  }
}
