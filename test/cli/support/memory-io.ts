import { PassThrough } from 'node:stream';
import { Interruption, OutputClosed, type InputStream, type Io } from '../../../src/cli/io';

/** What {@link MemoryIo} pretends to be. */
interface MemoryIoOptions {
  readonly env?: Readonly<Record<string, string>>;
  /** Default: the working directory of the tests. */
  readonly cwd?: string;
  /** Makes all three streams a terminal. Default: pipes. */
  readonly terminal?: { readonly columns: number };
  /** Default: the real time. */
  readonly now?: () => Date;
}

/** A process in memory: what a command writes is kept, and what it asks is answered. */
export class MemoryIo implements Io {
  readonly stdin: InputStream;
  readonly stdout: Io['stdout'];
  readonly stderr: Io['stderr'];
  readonly env: Record<string, string>;
  readonly cwd: string;
  readonly now: () => Date;
  /** What was written to stdout. */
  out = '';
  /** What was written to stderr. */
  err = '';
  /** Whether the terminal is without echo. */
  isRaw = false;
  readonly #keys: PassThrough;
  readonly #controller = new AbortController();
  readonly signal = this.#controller.signal;
  readonly #answers: [question: string | RegExp, answer: string][] = [];
  #answered = 0;
  readonly #waiting: [predicate: () => boolean, done: () => void][] = [];

  constructor({ env = {}, cwd = process.cwd(), terminal, now = () => new Date() }: MemoryIoOptions = {}) {
    const tty = terminal === undefined ? {} : { isTTY: true, ...terminal };
    this.env = { ...env };
    this.cwd = cwd;
    this.now = now;
    const stdin: InputStream & PassThrough = new PassThrough();
    if (terminal !== undefined) {
      const terminalKeys = { isTTY: true, setRawMode: (isRaw: boolean) => (this.isRaw = isRaw) };
      Object.assign(stdin, terminalKeys);
    }
    this.stdin = stdin;
    this.#keys = stdin;
    this.stdout = { write: (text) => this.written('out', text), ...tty };
    this.stderr = { write: (text) => this.written('err', text), ...tty };
  }

  /** The one JSON document on stdout. */
  get json(): unknown {
    return JSON.parse(this.out) as unknown;
  }

  /** The JSON lines on stdout. */
  get jsonLines(): readonly unknown[] {
    return this.out
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as unknown);
  }

  /** Types an answer once the question stands on stderr; answers are given in the order of these calls. */
  answer(question: string | RegExp, answer: string): this {
    this.#answers.push([question, answer]);
    return this;
  }

  /** Resolves when what was written makes the predicate true. */
  async until(predicate: (io: this) => boolean): Promise<void> {
    if (predicate(this)) return;
    await new Promise<void>((resolve) => this.#waiting.push([() => predicate(this), resolve]));
  }

  /** Presses keys, or pipes something in. */
  type(keys: string | Buffer): void {
    this.#keys.write(keys);
  }

  /** What Ctrl-D at the beginning of a line does, or the end of what is piped in. */
  endInput(): void {
    this.#keys.end();
  }

  interrupt(exitCode = 130): void {
    this.#controller.abort(new Interruption(exitCode));
  }

  /** What happens when whoever reads stdout has gone. */
  closeOutput(): void {
    this.#controller.abort(new OutputClosed());
  }

  /** What both streams do with a text. The search for leaked secrets listens here. */
  written(stream: 'out' | 'err', text: string): void {
    this[stream] += text;
    if (stream === 'err') this.#typeAnswer();
    for (const entry of [...this.#waiting]) {
      const [isReached, done] = entry;
      if (!isReached()) continue;
      this.#waiting.splice(this.#waiting.indexOf(entry), 1);
      done();
    }
  }

  #typeAnswer(): void {
    const [next] = this.#answers;
    if (next === undefined) return;
    const [question, answer] = next;
    const fresh = this.err.slice(this.#answered);
    if (typeof question === 'string' ? !fresh.includes(question) : !question.test(fresh)) return;
    this.#answers.shift();
    this.#answered = this.err.length;
    // Later, as people do: the question has to be complete, and whoever asks has to listen.
    setImmediate(() => this.type(`${answer}\r`));
  }
}
