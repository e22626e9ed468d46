import type { Invocation } from '../command';
import { EXIT } from '../exit-codes';
import { Interruption, type Io } from '../io';
import { DemoPrinter } from './printer';
import { countSteps } from './report';
import { runDemo, type DemoOptions } from './run-demo';

/** What the demo knows of the process it runs in. */
type DemoIo = Pick<Io, 'stdout' | 'stderr' | 'env' | 'signal'>;

/**
 * Shows the four enrollment kinds against an emulator. Never rejects.
 *
 * @param options for tests
 * @returns 0 when every step was observed, 1 when one failed, 130 when interrupted
 */
export async function showDemo(
  io: DemoIo,
  options: Omit<DemoOptions, 'observer' | 'signal'> = {},
): Promise<number> {
  const { signal } = io;
  const printer = new DemoPrinter(io);
  try {
    printer.introduce();
    const report = await runDemo({ ...options, observer: printer, signal });
    printer.conclude(report);
    const { observed, total } = countSteps(report);
    return observed === total ? EXIT.ok : EXIT.failed;
  } catch (error) {
    printer.close();
    if (signal.aborted) {
      const reason: unknown = signal.reason;
      if (!(reason instanceof Interruption)) return EXIT.ok;
      io.stderr.write('Interrupted. The certificates are removed and the emulator is closed.\n');
      return reason.exitCode;
    }
    io.stderr.write(`The demo could not be run: ${error instanceof Error ? error.message : String(error)}\n`);
    return EXIT.failed;
  }
}

/** The command `demo`. */
export async function run({ io }: Invocation): Promise<number> {
  return await showDemo(io);
}
