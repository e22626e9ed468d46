import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';

const DIRECTORY = join(__dirname, '..', 'programs');
/** A program ends by itself when the bench lets go of it; one that does not is killed. */
const EXIT_MS = 5_000;
const MAX_ERROR_OUTPUT = 4_000;

/** The options to start a program. */
export interface ProgramOptions {
  readonly args?: readonly string[];
  /** On top of the bench's own. */
  readonly env?: Readonly<Record<string, string>>;
  readonly nodeOptions?: readonly string[];
}

interface Waiting {
  readonly resolve: (answer: unknown) => void;
  readonly reject: (error: Error) => void;
}

/** The result of a program that does one thing. */
interface Outcome<Answer> {
  readonly answer: Answer;
  /** On the clock of {@link now}. */
  readonly startedAt: number;
}

/** The clock that all processes of a machine share, in milliseconds. */
export function now(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}

/**
 * A process of its own that runs one of the programs. These are plain JavaScript, as what they measure must not contain
 * the start of a compiler.
 */
export class Program implements AsyncDisposable {
  /** On the clock of {@link now}. */
  readonly startedAt = now();
  readonly #name: string;
  readonly #child: ChildProcess;
  readonly #waiting = new Map<number, Waiting>();
  readonly #exited: Promise<unknown>;
  /** The result of a program that runs once. */
  readonly #outcome: Promise<unknown>;
  #errorOutput = '';
  #lastId = 0;

  constructor(name: string, { args = [], env = {}, nodeOptions = [] }: ProgramOptions = {}) {
    this.#name = name;
    this.#child = fork(join(DIRECTORY, `${name}.js`), args, {
      execArgv: [...nodeOptions],
      env: { ...process.env, ...env },
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    });
    this.#outcome = this.#answer(0);
    // Only programs that run once are asked for it.
    this.#outcome.catch(() => undefined);
    this.#child.on('message', (message) => this.#settle(message as Message));
    this.#exited = this.#untilExit();
  }

  /** Runs a program that does one thing, to its end. The type of the answer is the program's word. */
  static async run<Answer>(name: string, options: ProgramOptions): Promise<Outcome<Answer>> {
    await using program = new Program(name, options);
    return { answer: (await program.#outcome) as Answer, startedAt: program.startedAt };
  }

  /** Has the program run one of its commands. The type of the answer is the program's word. */
  async ask<Answer = void>(command: string, payload?: unknown): Promise<Answer> {
    this.#lastId += 1;
    const answer = this.#answer(this.#lastId);
    this.#child.send({ id: this.#lastId, command, payload });
    return (await answer) as Answer;
  }

  /** Lets go of the program and waits for its end. */
  async stop(): Promise<void> {
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), EXIT_MS);
    if (this.#child.connected) this.#child.disconnect();
    await this.#exited;
    clearTimeout(timer);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  async #untilExit(): Promise<void> {
    const child = this.#child;
    const { stderr } = child;
    stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#errorOutput = (this.#errorOutput + text).slice(-MAX_ERROR_OUTPUT);
    });
    // Not `close`, which does not come after disconnect().
    const exited = new Promise<string>((resolve) => {
      child.once('exit', (code, signal) => resolve(signal ?? `exit code ${code}`));
      child.once('error', (error) => resolve(error.message));
    });
    if (stderr) await once(stderr, 'close');
    const how = `The program ${this.#name} ended with ${await exited}.`;
    this.#fail(new Error(`${how}\n${this.#errorOutput}`));
  }

  #answer(id: number): Promise<unknown> {
    return new Promise((resolve, reject) => this.#waiting.set(id, { resolve, reject }));
  }

  #settle({ id, answer, error }: Message): void {
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    if (error === undefined) waiting?.resolve(answer);
    else waiting?.reject(new Error(`The program ${this.#name} failed: ${error}`));
  }

  #fail(error: Error): void {
    for (const { reject } of this.#waiting.values()) reject(error);
    this.#waiting.clear();
  }
}

/** A message from serve.js. */
interface Message {
  readonly id: number;
  readonly answer?: unknown;
  readonly error?: string;
}
