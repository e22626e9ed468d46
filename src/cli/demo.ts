import { parseArgs } from 'node:util';
import type { DemoIo } from './demo/io';
import { DemoPrinter } from './demo/printer';
import { countSteps } from './demo/report';
import { runDemo, type DemoOptions } from './demo/run-demo';
import { USAGE } from './demo/words';

export type { DemoIo, DemoOutput } from './demo/io';

const EXIT_CODE = { done: 0, failed: 1, usage: 2, interrupted: 130 } as const;

/**
 * The command `demo`: shows the four enrollment kinds against an emulator. Never rejects.
 *
 * @param args what follows the command's name
 * @param options for tests
 * @returns the exit code: 0 when every step was observed, 1 when one failed, 2 for wrong usage, 130 when aborted
 */
export async function run(
  args: readonly string[],
  io: DemoIo,
  options: Omit<DemoOptions, 'observer' | 'signal'> = {},
): Promise<number> {
  let isHelpWanted: boolean;
  try {
    const { values } = parseArgs({ args: [...args], options: { help: { type: 'boolean', short: 'h' } } });
    isHelpWanted = values.help === true;
  } catch (error) {
    io.stderr.write(`${messageOf(error)}\n\n${USAGE}`);
    return EXIT_CODE.usage;
  }
  if (isHelpWanted) {
    io.stdout.write(USAGE);
    return EXIT_CODE.done;
  }
  return await show(io, options);
}

async function show(io: DemoIo, options: DemoOptions): Promise<number> {
  const { signal } = io;
  const printer = new DemoPrinter(io);
  try {
    printer.introduce();
    const report = await runDemo({ ...options, observer: printer, signal });
    printer.conclude(report);
    const { observed, total } = countSteps(report);
    return observed === total ? EXIT_CODE.done : EXIT_CODE.failed;
  } catch (error) {
    printer.close();
    if (signal?.aborted === true) {
      io.stderr.write('Interrupted. The certificates are removed and the emulator is closed.\n');
      return EXIT_CODE.interrupted;
    }
    io.stderr.write(`The demo could not be run: ${messageOf(error)}\n`);
    return EXIT_CODE.failed;
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

async function main(): Promise<void> {
  const { stdout, stderr, env } = process;
  const controller = new AbortController();
  const abort = () => controller.abort();
  // Not `once`: the terminal and npm may both pass on the same Ctrl-C, and the second must not cut the cleaning short.
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, abort);
  // Whoever reads the output has gone, e.g. `| head`.
  stdout.on('error', abort);
  process.exitCode = await run(process.argv.slice(2), { stdout, stderr, env, signal: controller.signal });
}

if (require.main === module) void main();
