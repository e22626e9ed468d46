import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';

/** A shell with all that runs in it, as a terminal has it: signals reach the whole of it. */
export class Terminal {
  readonly #shell: ChildProcess;
  readonly #ended: Promise<unknown>;
  #isOver = false;
  readonly #waiting: (() => void)[] = [];
  #out = '';
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
    shell.stdout.setEncoding('utf8').on('data', (chunk: string) => {
      this.#out += chunk;
      this.#look();
    });
    shell.stderr.setEncoding('utf8').on('data', (chunk: string) => {
      this.#err += chunk;
      this.#look();
    });
    // What a shell leaves in the background goes with its window.
    shell.once('exit', () => this.signal('SIGKILL'));
    this.#ended = once(shell, 'close').finally(() => (this.#isOver = true));
  }

  /** What was printed on stderr so far. */
  get err(): string {
    return this.#err;
  }

  /**
   * Resolves when `isPrinted` is true of what was printed so far; rejects when everything ends before.
   *
   * @param limitMs after which everything is killed
   */
  async until(isPrinted: (printed: { out: string; err: string }) => boolean, limitMs: number): Promise<void> {
    const isTrue = (): boolean => isPrinted({ out: this.#out, err: this.#err });
    const printed = new Promise<true>((resolve) => {
      this.#waiting.push(() => {
        if (isTrue()) resolve(true);
      });
    });
    const limit = setTimeout(() => this.signal('SIGKILL'), limitMs);
    const isThere = isTrue() || (await Promise.race([printed, this.#ended])) === true;
    clearTimeout(limit);
    if (!isThere)
      throw new Error(`It ended, or was ended, before it printed that:\n${this.#out}${this.#err}`);
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
    return { code: this.#shell.exitCode, out: this.#out };
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

  #look(): void {
    for (const look of this.#waiting) look();
  }
}
