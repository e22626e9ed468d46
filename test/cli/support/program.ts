import { spawn, spawnSync, type ChildProcessWithoutNullStreams } from 'node:child_process';

/** A process whose output is kept. */
export class Running {
  readonly child: ChildProcessWithoutNullStreams;
  readonly #waiting: (() => void)[] = [];
  /** What it wrote, on stdout and stderr. */
  out = '';
  err = '';

  constructor(command: string, args: readonly string[], cwd: string, env: NodeJS.ProcessEnv = {}) {
    // Colors as on a plain terminal, whatever the one of the tests is.
    const { NO_COLOR: _noColor, FORCE_COLOR: _forceColor, ...inherited } = process.env;
    this.child = spawn(command, args, { cwd, env: { ...inherited, TERM: 'xterm', ...env } });
    this.child.stdout.on('data', (chunk: Buffer) => {
      this.out += chunk.toString();
      this.#look();
    });
    this.child.stderr.on('data', (chunk: Buffer) => {
      this.err += chunk.toString();
      this.#look();
    });
    // Keys that nobody reads any more.
    this.child.stdin.on('error', () => undefined);
  }

  /** Resolves when what was written makes it true; rejects when the process ends before. */
  async until(isReached: (running: this) => boolean): Promise<void> {
    if (isReached(this)) return;
    await new Promise<void>((done, reject) => {
      this.#waiting.push(() => {
        if (isReached(this)) done();
      });
      this.child.once('close', () => reject(new Error(`It ended too early: ${this.out}${this.err}`)));
    });
  }

  /** Types a line. */
  type(keys: string): void {
    this.child.stdin.write(keys);
  }

  /** The exit code, when all output has been read. */
  async end(): Promise<number | null> {
    return await new Promise((done) => this.child.once('close', done));
  }

  #look(): void {
    for (const look of this.#waiting) look();
  }
}

/** The `script` of util-linux runs a program in a terminal of its own; the one of BSD has other flags. */
const hasScript = String(spawnSync('script', ['--version']).stdout).includes('util-linux');

/** Like `describe`, for suites that need a pseudo-terminal: without one, a single test says that they were skipped. */
export function describeInTerminal(name: string, suite: () => void): void {
  if (hasScript) {
    describe(name, suite);
    return;
  }
  describe(name, () => {
    test('SKIPPED: this machine has no script command of util-linux', () => undefined);
  });
}

/** Runs a program in a pseudo-terminal; both of its outputs are `out`. */
export function inTerminal(command: readonly string[], cwd: string, env: NodeJS.ProcessEnv = {}): Running {
  const line = command.map((word) => `'${word.replaceAll("'", `'\\''`)}'`).join(' ');
  return new Running('script', ['-qec', line, '/dev/null'], cwd, env);
}
