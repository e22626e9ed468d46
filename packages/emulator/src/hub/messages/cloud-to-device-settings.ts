import { invalidArgument } from '../../protocol/errors';
import type { JsonValue } from '../../protocol/json';
import { checkedAt, readFields, readNumber, type Read } from '../../stored/read';
import type { CloudToDeviceSettings } from './types';

/** IoT Hub: the longest time to live. */
export const MAX_TIME_TO_LIVE_SECONDS = 48 * 60 * 60;
/** Timers of Node.js end at 2^31 milliseconds. */
const MAX_LOCK_TIMEOUT_SECONDS = 2_147_483;

/** @throws EmulatorError 400004 */
function check(value: number, name: string, minimum: number, maximum: number): number {
  if (value >= minimum && value <= maximum) return value;
  throw invalidArgument(`${name} must be ${minimum} to ${maximum}`);
}

function checkLockTimeout(value: number): number {
  return check(value, 'lockTimeoutSeconds', 0.001, MAX_LOCK_TIMEOUT_SECONDS);
}

function checkDeliveryCount(value: number): number {
  if (!Number.isSafeInteger(value)) throw invalidArgument('maxDeliveryCount is not a whole number');
  return check(value, 'maxDeliveryCount', 1, 100);
}

function checkTimeToLive(value: number): number {
  return check(value, 'defaultTimeToLiveSeconds', 0.001, MAX_TIME_TO_LIVE_SECONDS);
}

/** Reads a stored setting. */
function checked(checkValue: (value: number) => number): Read<number> {
  return (value, path) => {
    const number = readNumber(value, path);
    return checkedAt(path, () => checkValue(number));
  };
}

/** The settings of one hub. Whoever uses them reads them each time. */
export class CheckedCloudToDeviceSettings implements CloudToDeviceSettings {
  readonly #changed: () => void;
  #lockTimeoutSeconds = 60;
  #maxDeliveryCount = 10;
  #defaultTimeToLiveSeconds = 60 * 60;

  constructor(changed: () => void) {
    this.#changed = changed;
  }

  get lockTimeoutSeconds(): number {
    return this.#lockTimeoutSeconds;
  }

  set lockTimeoutSeconds(value: number) {
    this.#lockTimeoutSeconds = checkLockTimeout(value);
    this.#changed();
  }

  get maxDeliveryCount(): number {
    return this.#maxDeliveryCount;
  }

  set maxDeliveryCount(value: number) {
    this.#maxDeliveryCount = checkDeliveryCount(value);
    this.#changed();
  }

  get defaultTimeToLiveSeconds(): number {
    return this.#defaultTimeToLiveSeconds;
  }

  set defaultTimeToLiveSeconds(value: number) {
    this.#defaultTimeToLiveSeconds = checkTimeToLive(value);
    this.#changed();
  }

  /** Takes over what was kept. @throws StoredValueError */
  restore(snapshot: JsonValue | undefined, path: string): void {
    const field = readFields(snapshot, path);
    this.#lockTimeoutSeconds = field('lockTimeoutSeconds', checked(checkLockTimeout));
    this.#maxDeliveryCount = field('maxDeliveryCount', checked(checkDeliveryCount));
    this.#defaultTimeToLiveSeconds = field('defaultTimeToLiveSeconds', checked(checkTimeToLive));
  }

  toJSON(): CloudToDeviceSettings {
    const { lockTimeoutSeconds, maxDeliveryCount, defaultTimeToLiveSeconds } = this;
    return { lockTimeoutSeconds, maxDeliveryCount, defaultTimeToLiveSeconds };
  }
}
