import { spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { run as runEmulatorCommand } from '../../../src/cli/run';
import { run as runDeviceCommand } from '../../../../../src/cli/run';
import { directoryPerTest } from '../../../../../test/cli/support/directory';
import { MemoryIo } from '../../../../../test/cli/support/memory-io';

/** The status that a started emulator prints with `--json`. */
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
  /** Presses Ctrl-C, and resolves with the exit code. */
  stop(): Promise<number>;
}

/** The programs of command lines. */
const PROGRAMS = { 'azure-iot-emulator': runEmulatorCommand, 'azure-iot-x509': runDeviceCommand };

/** The words that a shell makes of a line. */
export function shellWords(line: string): readonly string[] {
  const { stdout, status } = spawnSync('sh', ['-c', `printf '%s\\0' ${line}`], { encoding: 'utf8' });
  if (status !== 0) throw new Error(`A shell cannot read this: ${line}`);
  return stdout.split('\0').slice(0, -1);
}

/** The printed line that begins with these words, without the `npx` that it may have, as words. */
export function lineToCopy(text: string, beginning: string): readonly string[] {
  const lines = text.split('\n').map((line) => line.trim().replace(/^npx /, ''));
  const found = lines.find((line) => line.startsWith(`${beginning} `));
  if (found === undefined) throw new Error(`No line begins with ${beginning} in:\n${text}`);
  return shellWords(found);
}

/**
 * Runs command lines in a directory of each test.
 *
 * @param name the name of a directory in it, where it matters how that is spelt
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

  /** Runs a line of one of the programs, its name first. */
  async function runLine(words: readonly string[], own = io()): Promise<{ io: MemoryIo; code: number }> {
    const [program = '', ...args] = words;
    const code = await PROGRAMS[program as keyof typeof PROGRAMS](args, own);
    return { io: own, code };
  }

  /** Runs a line of one of the programs, which must succeed. */
  async function mustRun(words: readonly string[], own = io()): Promise<MemoryIo> {
    const { code } = await runLine(words, own);
    if (code !== 0) throw new Error(`${words.join(' ')}: exit code ${code}\n${own.err}`);
    return own;
  }

  /** Runs a command of `azure-iot-emulator`. */
  async function cli(line: string, ...more: readonly string[]): Promise<{ io: MemoryIo; code: number }> {
    return await runLine(['azure-iot-emulator', ...line.split(' '), ...more]);
  }

  /** Runs a command of `azure-iot-emulator`, which must succeed. */
  async function must(line: string, ...more: readonly string[]): Promise<MemoryIo> {
    return await mustRun(['azure-iot-emulator', ...line.split(' '), ...more]);
  }

  /** Runs a command of `azure-iot-x509`, which must succeed. */
  async function device(line: string): Promise<MemoryIo> {
    return await mustRun(['azure-iot-x509', ...line.split(' ')]);
  }

  /** Starts an emulator, and resolves when it runs. */
  async function start(line = '--retry-after 0s', ...more: readonly string[]): Promise<Started> {
    const own = io();
    const code = runEmulatorCommand([...line.split(' '), ...more, '--json'], own);
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

  return { directory, io, runLine, mustRun, cli, must, device, start };
}
