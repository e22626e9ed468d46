import { watch } from 'node:fs';
import { mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Emulator, HubEmulator } from 'azure-iot-emulator';
import { ChaosProxy } from '../../test/support/chaos-proxy';
import { enrollDevice } from '../../test/support/enrolled-device';
import type { Lab } from '../bench/harness/lab';
import type { Dice } from './dice';
import type { Ledger } from './ledger';
import { ProgramRun } from './program-run';
import { happened, until } from './progress';
import { Tally } from './tally';
import { KEEP_ALIVE_SECONDS, RECONNECT } from './timing';

const ID = 'soak-program';
const ASSIGNMENT_FILE = 'assignments.json';
/** The time for the program's next step. */
const STEP_MS = 30_000;
/** More than one run of the program sends. */
const NUMBERS = 1_000_000;

/** When a run of the program is killed. */
interface Moment {
  readonly name: string;
  /** True if the program registers first, because the file with its assignment was deleted. */
  readonly isNew: boolean;
  /** True once the run has come so far. */
  readonly isReached: (run: ProgramRun, sights: Sights) => boolean;
  /** The largest delay from there to the kill, in milliseconds. */
  readonly delayMs: number;
}

/** What is seen of a run from outside. */
interface Sights {
  /** It has connected to DPS. */
  isRegistering: boolean;
  /** It has changed the directory of its assignment. */
  isSaving: boolean;
}

const MOMENTS: readonly Moment[] = [
  { name: 'at the start', isNew: false, isReached: () => true, delayMs: 800 },
  {
    name: 'registering',
    isNew: true,
    isReached: (_run, { isRegistering }) => isRegistering,
    delayMs: 80,
  },
  { name: 'saving', isNew: true, isReached: (_run, { isSaving }) => isSaving, delayMs: 0 },
  { name: 'sending', isNew: false, isReached: ({ isConnected }) => isConnected, delayMs: 1_000 },
];

/** The program's surroundings. */
interface Parts {
  readonly lab: Lab;
  readonly emulator: Emulator;
  /** The program's own hub. */
  readonly hub: HubEmulator;
  readonly hubProxy: ChaosProxy;
}

/** A device's program that is killed and started again at random, in a process of its own and with a hub of its own. */
export class RestartedProgram {
  /** How often it was killed, by the moment. */
  readonly kills = new Tally<string>();
  /** What went wrong. */
  readonly failures: string[] = [];
  /** Files beside that of the assignment, at the end. */
  leftBehind: readonly string[] = [];
  readonly #acknowledged: number[] = [];
  readonly #directory: string;
  readonly #options: object;
  readonly #proxies: readonly ChaosProxy[];
  readonly #dpsProxy: ChaosProxy;
  #starts = 0;

  private constructor(directory: string, options: object, hubProxy: ChaosProxy, dpsProxy: ChaosProxy) {
    this.#directory = directory;
    this.#options = options;
    this.#proxies = [hubProxy, dpsProxy];
    this.#dpsProxy = dpsProxy;
  }

  /** Enrolls the device and writes its files. */
  static async prepare(
    { lab, emulator, hub, hubProxy }: Parts,
    closers: (() => Promise<void>)[],
  ): Promise<RestartedProgram> {
    const { device } = await enrollDevice(emulator, 'hub-individual', ID);
    emulator.dps.individualEnrollments.update(ID, { iotHubs: [hub.name] });
    const dpsProxy = await ChaosProxy.start(emulator.globalEndpoint);
    closers.push(() => dpsProxy.close());
    const directory = lab.path('program');
    await mkdir(directory);
    const options = {
      enrollment: 'hub-individual',
      idScope: emulator.idScope,
      globalEndpoint: dpsProxy.endpoint,
      caFile: await lab.write('program-ca.pem', emulator.ca),
      certFile: await lab.write('program.crt', device.fullChain),
      keyFile: await lab.write('program.key', device.privateKey),
      assignmentFile: join(directory, ASSIGNMENT_FILE),
      keepAliveSeconds: KEEP_ALIVE_SECONDS,
      reconnect: RECONNECT,
    };
    return new RestartedProgram(directory, options, hubProxy, dpsProxy);
  }

  get starts(): number {
    return this.#starts;
  }

  /** The number of messages that were acknowledged, and of those that did not arrive all the same. */
  account({ arrived }: Ledger): { acknowledged: number; lost: number } {
    const numbers = arrived.get(ID);
    const lost = this.#acknowledged.filter((number) => !numbers?.has(number));
    return { acknowledged: this.#acknowledged.length, lost: lost.length };
  }

  /** Starts and kills it until told to stop, and lets it live once after that. */
  async run(dice: Dice, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const moment = dice.pick(MOMENTS);
      if (moment) await this.#runOnce(moment, dice);
    }
    await this.#runToTheEnd();
  }

  async #runOnce({ name, isNew, isReached, delayMs }: Moment, dice: Dice): Promise<void> {
    // A connection that is being made may fail, too.
    if (dice.next() < 0.3) dice.pick(this.#proxies)?.resetNext(dice.between(0, 100));
    const sights = { isRegistering: false, isSaving: false };
    const { run, end } = await this.#start(isNew, sights);
    const isThere = await until(() => isReached(run, sights) || run.end !== undefined, STEP_MS);
    if (!isThere) this.failures.push(`never ${name}`);
    else if (delayMs > 0) await sleep(dice.between(0, delayMs));
    if (run.end !== undefined) this.failures.push(`ended by itself: ${run.end}`);
    await run.kill();
    end();
    this.kills.add(name);
  }

  async #runToTheEnd(): Promise<void> {
    const sights = { isRegistering: false, isSaving: false };
    const { run, end } = await this.#start(true, sights);
    await until(() => run.acknowledged.length > 0 || run.end !== undefined, STEP_MS);
    run.letGo();
    const hasEnded = await until(() => run.end !== undefined, STEP_MS);
    if (!run.isConnected) this.failures.push('no connection at the end');
    if (run.end !== 'exit code 0') this.failures.push(hasEnded ? `ended with ${run.end}` : 'does not end');
    await run.kill();
    end();
    this.leftBehind = (await readdir(this.#directory)).filter((name) => name !== ASSIGNMENT_FILE);
  }

  async #start(isNew: boolean, sights: Sights): Promise<{ run: ProgramRun; end: () => void }> {
    if (isNew) await rm(join(this.#directory, ASSIGNMENT_FILE), { force: true });
    void this.#dpsProxy.nextLink().then(() => {
      sights.isRegistering = true;
      happened();
    });
    const watcher = watch(this.#directory, () => {
      sights.isSaving = true;
      happened();
    });
    const run = new ProgramRun(this.#options, this.#starts * NUMBERS);
    this.#starts += 1;
    return {
      run,
      end: () => {
        watcher.close();
        this.#acknowledged.push(...run.acknowledged);
        this.failures.push(...run.failures);
      },
    };
  }
}
