import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';

const root = resolve(__dirname, '..', '..', '..', '..');

/** The name under which a program imports a module of this package, as a literal. */
export function moduleOf(path: string): string {
  return JSON.stringify(join(root, 'packages', 'emulator', 'src', path));
}

/** A program of its own, which talks in lines. Killed when the test is over. */
export class Program implements AsyncDisposable {
  readonly #process: ChildProcess;
  readonly #lines: AsyncIterator<string>;
  readonly #ended: Promise<unknown>;
  #errors = '';

  private constructor(process: ChildProcess) {
    this.#process = process;
    if (process.stdout === null) throw new Error('the program has no output');
    this.#lines = createInterface({ input: process.stdout })[Symbol.asyncIterator]();
    this.#ended = once(process, 'close');
    process.stderr?.on('data', (chunk: Buffer) => (this.#errors += chunk.toString()));
  }

  /** Runs TypeScript, which may use `await`; `print` writes a line. */
  static start(directory: string, imports: string, body: string): Program {
    const file = join(directory, `program-${process.hrtime.bigint()}.ts`);
    writeFileSync(
      file,
      `${imports}
const print = (line: string) => process.stdout.write(line + '\\n');
async function main(): Promise<void> {
${body}
}
void main();`,
    );
    const tsx = join(root, 'node_modules', 'tsx', 'dist', 'loader.mjs');
    // One process, so that a signal reaches the program and not a wrapper around it.
    return new Program(
      spawn(process.execPath, ['--import', tsx, file], { cwd: root, stdio: ['pipe', 'pipe', 'pipe'] }),
    );
  }

  get processId(): number {
    if (this.#process.pid === undefined) throw new Error('the program has not started');
    return this.#process.pid;
  }

  /** The next line that it prints. */
  async line(): Promise<string> {
    const next = await this.#lines.next();
    if (next.done === true) throw new Error(`The program has ended: ${this.#errors}`);
    return next.value;
  }

  /** What else it has printed, when it is over. */
  async rest(): Promise<readonly string[]> {
    const lines: string[] = [];
    for (;;) {
      const next = await this.#lines.next();
      if (next.done === true) return lines;
      lines.push(next.value);
    }
  }

  signal(signal: NodeJS.Signals): void {
    this.#process.kill(signal);
  }

  /** Ends it so that it cannot do anything about it. */
  async kill(): Promise<void> {
    this.signal('SIGKILL');
    await this.#ended;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
  }
}
