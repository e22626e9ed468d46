import type { DeviceSettings } from './emulator';
import type { Participant } from './group';
import { Program } from './program';

/** The number of devices of a fleet that connect at the same time. */
const AT_A_TIME = 50;

/** Resident memory, and the part of it that JavaScript knows of, in bytes, after a collection of garbage. */
export interface Memory {
  readonly rss: number;
  readonly heap: number;
}

/** Many devices in one process. */
export class Fleet implements AsyncDisposable {
  readonly #program: Program;

  constructor(participant: Participant, env: Readonly<Record<string, string>>) {
    this.#program = new Program('fleet', { args: [participant], env, nodeOptions: ['--expose-gc'] });
  }

  /** Connects more devices; answers how long it took, in milliseconds. */
  async connect(settings: readonly DeviceSettings[]): Promise<number> {
    const order = { settings, atATime: AT_A_TIME };
    return (await this.#program.ask<{ milliseconds: number }>('connect', order)).milliseconds;
  }

  async memory(): Promise<Memory> {
    return await this.#program.ask<Memory>('memory');
  }

  /** The most resident memory that it ever had, in bytes. */
  async peakBytes(): Promise<number> {
    return (await this.#program.ask<{ bytes: number }>('peak')).bytes;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#program.stop();
  }
}
