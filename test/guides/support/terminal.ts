import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';

/** A shell with all that runs in it, as a terminal has it: signals reach the whole of it. */
export class Terminal {
  readonly #shell: ChildProcess;
  readonly #out: Promise<string>;
  readonly #ended: Promise<unknown>;
  #isOver = false;
  readonly #waiting: (() => void)[] = [];
  #err = '';

  /** Types commands, of which the first that fails is the last. */
  constructor(commands: string, cwd: string, env: NodeJS.ProcessEnv) {
    // `detached` is what gives it a process group of its own.
    const shell = spawn('sh', ['-eu', '-c', commands], {
      cwd,
      env,
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#shell = shell;
    this.#out = text(shell.stdout);
    shell.stderr.on('data', (chunk: Buffer) => {
      this.#err += chunk.toString();
      for (const look of this.#waiting) look();
    });
    // What a shell leaves in the background goes with its window.
    shell.once('exit', () => this.signal('SIGKILL'));
    this.#ended = once(shell, 'close').finally(() => (this.#isOver = true));
  }

  /** What was printed on stderr so far. */
  get err(): string {
    return this.#err;
  }

  /** Resolves when this is printed on stderr; rejects when everything ends before. */
  async untilPrinted(sign: string): Promise<void> {
    const isPrinted = (): boolean => this.#err.includes(sign);
    const printed = new Promise<true>((resolve) => {
      this.#waiting.push(() => {
        if (isPrinted()) resolve(true);
      });
    });
    if (isPrinted() || (await Promise.race([printed, this.#ended])) === true) return;
    throw new Error(`It ended before it printed "${sign}":\n${await this.#out}${this.#err}`);
  }

  /**
   * The exit code (`null` when it was killed) and what was printed on stdout, once everything has ended.
   *
   * @param limitMs after which everything is killed
   */
  async end(limitMs: number): Promise<{ code: number | null; out: string }> {
    const limit = setTimeout(() => this.signal('SIGKILL'), limitMs);
    await this.#ended;
    clearTimeout(limit);
    return { code: this.#shell.exitCode, out: await this.#out };
  }

  /** What Ctrl-C does (SIGINT), or closing the window (SIGKILL). */
  signal(signal: NodeJS.Signals): void {
    const { pid } = this.#shell;
    if (pid === undefined || this.#isOver) return;
    try {
      process.kill(-pid, signal);
    } catch (error) {
      // Nothing runs there any more.
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
    }
  }
}
