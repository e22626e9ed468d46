import { writeFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { GROUPS } from './groups';
import { runBench } from './run';

const USAGE = `Usage: npm run bench -- [--only GROUP[,GROUP]] [--rounds N] [--quick] [--json FILE]

Compares the library to the official SDK and to bare MQTT.js, and the emulator to mosquitto. Takes about ten minutes.

  --only       these groups
  --rounds N   rounds in which each thing is measured (default 5)
  --quick      one round, and less of each thing: a look, nothing to rely on
  --json FILE  every single measurement

Groups:

${GROUPS.map(({ name, title }) => `  ${name.padEnd(12)}${title}`).join('\n')}
`;

/** Does what the process's arguments say, and sets its exit code. */
export async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      only: { type: 'string' },
      rounds: { type: 'string' },
      quick: { type: 'boolean', default: false },
      json: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  });
  const only = values.only?.split(',');
  const rounds = values.rounds === undefined ? undefined : Number(values.rounds);
  const isKnown = only?.every((name) => GROUPS.some((group) => group.name === name)) ?? true;
  const isNumber = rounds === undefined || (Number.isInteger(rounds) && rounds >= 1);
  if (values.help || !isKnown || !isNumber) {
    console.log(USAGE);
    process.exitCode = values.help ? 0 : 2;
    return;
  }
  const log = (text: string): void => console.log(text);
  const report = await runBench({ only, rounds, isQuick: values.quick, log });
  if (values.json !== undefined) await writeFile(values.json, `${JSON.stringify(report, undefined, 2)}\n`);
}
