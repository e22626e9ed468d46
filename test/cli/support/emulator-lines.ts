import { spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { run } from '../../../src/cli/run';
import { directoryPerTest } from './directory';
import { MemoryIo } from './memory-io';

/** What an emulator prints with `--json`. */
interface Status {
  readonly globalEndpoint: string;
  readonly idScope: string;
  readonly caFile: string;
  readonly central: readonly { readonly idScope: string }[];
}

/** An emulator that a command line has started. */
export interface Started {
  readonly status: Status;
  readonly io: MemoryIo;
  /** Ctrl-C; resolves with the exit code. */
  stop(): Promise<number>;
}

/** The words that a shell makes of what was printed to be copied. */
export function shellWords(line: string): readonly string[] {
  const { stdout, status } = spawnSync('sh', ['-c', `printf '%s\\0' ${line}`], { encoding: 'utf8' });
  if (status !== 0) throw new Error(`A shell cannot read this: ${line}`);
  return stdout.split('\0').slice(0, -1);
}

/** The line to copy that begins with this command, as its arguments. */
export function lineToCopy(text: string, command: string): readonly string[] {
  const found = text.split('\n').find((line) => line.trim().startsWith(`azure-iot-x509 ${command} `));
  if (found === undefined) throw new Error(`There is no line with ${command} in:\n${text}`);
  return shellWords(found.trim()).slice(1);
}

/**
 * Runs command lines in a directory of each test.
 *
 * @param name of a directory in it in which they are run, when it matters how it is spelt
 */
export function useCommandLines(name = '.') {
  const started: Started[] = [];
  // Also after a test that has failed; before the directory is removed.
  afterEach(async () => {
    await Promise.all(started.splice(0).map((emulator) => emulator.stop()));
  });
  const directory = directoryPerTest();
  beforeEach(() => mkdirSync(directory.file(name), { recursive: true }));
  const io = (): MemoryIo => new MemoryIo({ cwd: directory.file(name) });

  /** A command line, run to its end. */
  async function cli(line: string, ...more: readonly string[]): Promise<{ io: MemoryIo; code: number }> {
    const own = io();
    const code = await run([...line.split(' '), ...more], own);
    return { io: own, code };
  }

  /** A command line that must succeed. */
  async function must(line: string, ...more: readonly string[]): Promise<MemoryIo> {
    const { io: own, code } = await cli(line, ...more);
    if (code !== 0) throw new Error(`${line}: exit code ${code}\n${own.err}`);
    return own;
  }

  /** Starts an emulator and resolves when it runs. */
  async function start(line = 'emulator --retry-after 0s', ...more: readonly string[]): Promise<Started> {
    const own = io();
    const code = run([...line.split(' '), ...more, '--json'], own);
    await Promise.race([
      own.until(({ err }) => err.includes('The emulator runs.')),
      code.then((early) => Promise.reject(new Error(`exit code ${early}\n${own.err}`))),
    ]);
    const emulator: Started = {
      // What the command prints.
      status: own.json as Status,
      io: own,
      stop: async () => {
        own.interrupt();
        return await code;
      },
    };
    started.push(emulator);
    return emulator;
  }

  return { directory, io, cli, must, start };
}
