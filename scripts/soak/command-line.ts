import { parseArgs } from 'node:util';
import { formatReport, isPassed } from './report';
import { runSoak } from './run';

const USAGE = `Usage: npm run soak -- [--seconds 60] [--seed N] [--devices 3]

Connects devices to an emulator behind a proxy that breaks connections at random, and checks that nothing was lost.
The seed decides which faults come in which order; when exactly they hit is up to the machine.
`;

/** Does what the process's arguments say, and sets its exit code. */
export async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      seconds: { type: 'string', default: '60' },
      seed: { type: 'string' },
      devices: { type: 'string', default: '3' },
      help: { type: 'boolean', default: false },
    },
  });
  const seed = values.seed === undefined ? Math.floor(Math.random() * 2 ** 31) : Number(values.seed);
  const [seconds, devices] = [Number(values.seconds), Number(values.devices)];
  const areNumbers = seconds >= 1 && seconds <= 3600 && devices >= 1 && devices <= 50;
  if (values.help || !areNumbers || !Number.isInteger(devices) || !Number.isSafeInteger(seed)) {
    console.log(USAGE);
    process.exitCode = values.help ? 0 : 2;
    return;
  }
  console.log(`Seed ${seed}`);
  const log = (line: string): void => console.log(line);
  const report = await runSoak({ seconds, seed, devices, isStrict: true, log });
  console.log(`\n${formatReport(report)}`);
  process.exitCode = isPassed(report) ? 0 : 1;
}
