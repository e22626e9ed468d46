import { fork, type ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import { happened } from './progress';

const PROGRAM = join(__dirname, 'program.js');
const MAX_ERROR_OUTPUT = 1_000;

/** A message from program.js. */
interface Report {
  readonly isConnected?: true;
  readonly acknowledged?: number;
  readonly failure?: string;
}

/** One process of the program, from its start to its end. */
export class ProgramRun {
  isConnected = false;
  /** How the process ended; `undefined` while it runs. */
  end: string | undefined;
  /** The numbers of the messages that the hub has acknowledged. */
  readonly acknowledged: number[] = [];
  /** The messages that failed. */
  readonly failures: string[] = [];
  readonly exited: Promise<void>;
  readonly #child: ChildProcess;
  #errorOutput = '';

  constructor(options: object, firstNumber: number) {
    const child = fork(PROGRAM, [JSON.stringify(options), String(firstNumber)], {
      execArgv: [],
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    });
    this.#child = child;
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#errorOutput = (this.#errorOutput + text).slice(-MAX_ERROR_OUTPUT);
    });
    child.on('message', ({ isConnected, acknowledged, failure }: Report) => {
      if (isConnected) this.isConnected = true;
      if (acknowledged !== undefined) this.acknowledged.push(acknowledged);
      if (failure !== undefined) this.failures.push(failure);
      happened();
    });
    this.exited = new Promise((resolve) => {
      child.once('exit', (code, signal) => {
        this.end = `${signal ?? `exit code ${code}`} ${this.#errorOutput}`.trim();
        happened();
        resolve();
      });
    });
  }

  /** Ends the process at once, as a power cut would. */
  async kill(): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.exited;
  }

  /** Has the program close its connection and end. */
  letGo(): void {
    if (this.#child.connected) this.#child.disconnect();
  }
}
