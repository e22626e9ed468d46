import type { JsonValue } from '../../protocol/json';
import { checkArgument } from '../../schemas/argument';
import { object } from '../../schemas/objects';
import { number, wholeNumber } from '../../schemas/values';
import { readStored } from '../../stored/stored-value';
import type { CloudToDeviceSettings } from './types';

/** IoT Hub: the longest time to live. */
export const MAX_TIME_TO_LIVE_SECONDS = 48 * 60 * 60;
/** The longest timer of Node.js is 2^31 milliseconds. */
const MAX_LOCK_TIMEOUT_SECONDS = 2_147_483;

const SETTINGS = {
  lockTimeoutSeconds: number(0.001, MAX_LOCK_TIMEOUT_SECONDS),
  maxDeliveryCount: wholeNumber(1, 100),
  defaultTimeToLiveSeconds: number(0.001, MAX_TIME_TO_LIVE_SECONDS),
};
const STORED = object(SETTINGS);

/** The settings of one hub. They are read at each use. */
export class CheckedCloudToDeviceSettings implements CloudToDeviceSettings {
  readonly #changed: () => void;
  #settings: CloudToDeviceSettings = {
    lockTimeoutSeconds: 60,
    maxDeliveryCount: 10,
    defaultTimeToLiveSeconds: 60 * 60,
  };

  constructor(changed: () => void) {
    this.#changed = changed;
  }

  get lockTimeoutSeconds(): number {
    return this.#settings.lockTimeoutSeconds;
  }

  set lockTimeoutSeconds(value: number) {
    this.#set('lockTimeoutSeconds', value);
  }

  get maxDeliveryCount(): number {
    return this.#settings.maxDeliveryCount;
  }

  set maxDeliveryCount(value: number) {
    this.#set('maxDeliveryCount', value);
  }

  get defaultTimeToLiveSeconds(): number {
    return this.#settings.defaultTimeToLiveSeconds;
  }

  set defaultTimeToLiveSeconds(value: number) {
    this.#set('defaultTimeToLiveSeconds', value);
  }

  /** Replaces all settings. @throws StoredValueError */
  restore(snapshot: JsonValue | undefined, path: string): void {
    this.#settings = readStored(STORED, snapshot, path);
  }

  toJSON(): CloudToDeviceSettings {
    return { ...this.#settings };
  }

  #set(name: keyof CloudToDeviceSettings, value: number): void {
    this.#settings = { ...this.#settings, [name]: checkArgument(SETTINGS[name], value, name) };
    this.#changed();
  }
}
