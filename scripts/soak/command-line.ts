import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { parseArgs, promisify } from 'node:util';
import { isMosquittoInstalled } from '../bench/harness/mosquitto';
import { HUB_KINDS } from './options';
import { formatReport, isPassed } from './report';
import { runSoak } from './run';

const USAGE = `Usage: npm run soak -- [--hub emulator|mosquitto] [--seconds 60] [--seed N] [--devices 3]

Connects devices to an emulator behind a proxy that breaks connections at random, and checks that nothing was lost;
then the same with mosquitto as the hub, where it is installed.
The seed decides which faults come in which order; when exactly they hit is up to the machine.
`;

/** Does what the process's arguments say, and sets its exit code. */
export async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      hub: { type: 'string' },
      seconds: { type: 'string', default: '60' },
      seed: { type: 'string' },
      devices: { type: 'string', default: '3' },
      help: { type: 'boolean', default: false },
    },
  });
  const seed = values.seed === undefined ? Math.floor(Math.random() * 2 ** 31) : Number(values.seed);
  const [seconds, devices] = [Number(values.seconds), Number(values.devices)];
  const hubs = HUB_KINDS.filter((kind) => values.hub === undefined || values.hub === kind);
  const areNumbers = seconds >= 1 && seconds <= 3600 && devices >= 1 && devices <= 50;
  if (
    values.help ||
    hubs.length === 0 ||
    !areNumbers ||
    !Number.isInteger(devices) ||
    !Number.isSafeInteger(seed)
  ) {
    console.log(USAGE);
    process.exitCode = values.help ? 0 : 2;
    return;
  }
  console.log(`Seed ${seed}`);
  const log = (line: string): void => console.log(line);
  // The program that is killed runs from the build, as programs of users do.
  await promisify(execFile)(process.execPath, [join(__dirname, '../../test/support/build.cjs')]);
  for (const hub of hubs) {
    if (hub === 'mosquitto' && !isMosquittoInstalled()) {
      log('\nmosquitto is not installed here: there is no run with it.');
      continue;
    }
    log(`\nDevices at ${hub}`);
    const report = await runSoak({ hub, seconds, seed, devices, isStrict: true, log });
    log(`\n${formatReport(report)}`);
    if (!isPassed(report)) process.exitCode = 1;
  }
}
