import type { Client, Twin } from 'azure-iot-device';
import type { JsonObject } from 'azure-iot-emulator';
import type { Dice } from './dice';
import { happened } from './progress';
import { completePatch, merge, randomEntry } from './twin-section';

/** The method that the SDK adds to the reported properties and does not declare. */
interface UpdatableProperties {
  update(patch: JsonObject, done: (error?: Error) => void): void;
}

/** A twin as its device knows it. */
export class DeviceTwin {
  /** The desired properties that the device has received. */
  desired: JsonObject;
  /** The properties that the device has reported. */
  reported: JsonObject = {};
  readonly #twin: Twin;
  #mustReportAll = false;
  #isReporting = false;

  private constructor(twin: Twin) {
    this.#twin = twin;
    this.desired = structuredClone(twin.properties.desired);
    twin.on('properties.desired', (patch: JsonObject) => {
      this.desired = merge(this.desired, patch);
      happened();
    });
  }

  /** Gets the twin and follows its changes. */
  static async start(client: Client): Promise<DeviceTwin> {
    return new DeviceTwin(await client.getTwin());
  }

  /** The hub may not hold what the device has set: an update failed, or the device has moved without its data. */
  doubtReported(): void {
    this.#mustReportAll = true;
  }

  /** One update at a time, because what an update that failed has done is not known. */
  report(dice: Dice): void {
    const entry = randomEntry(dice);
    if (!this.#isReporting) this.#report(dice.next() < 0.5 ? entry : { group: entry });
  }

  /** Reports what is still to be reported. Answers whether there is nothing left to do. */
  hasReported(): boolean {
    if (this.#mustReportAll && !this.#isReporting) this.#report({});
    return !this.#isReporting && !this.#mustReportAll;
  }

  #report(patch: JsonObject): void {
    this.#isReporting = true;
    const wanted = merge(this.reported, patch);
    const update = this.#mustReportAll ? completePatch(wanted) : patch;
    this.#mustReportAll = false;
    (this.#twin.properties.reported as UpdatableProperties).update(update, (error) => {
      this.#isReporting = false;
      if (error) this.doubtReported();
      else this.reported = wanted;
      happened();
    });
  }
}
