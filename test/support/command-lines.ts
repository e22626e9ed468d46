import { COMMANDS } from '../../src/cli/commands';
import { parseFlags } from '../../src/cli/flags/parse';
import { GLOBAL_FLAGS } from '../../src/cli/global-flags';

/** A word as a shell reads it, or the end of a command. Quotes within a word are not needed by any page. */
const WORD = /[ \t]*(?:"([^"]*)"|'([^']*)'|([^\s|)>;&"']+))/y;

/** What calls the program. */
const PROGRAM = /(?:\bazure-iot-x509|\bnode dist\/cli\/main\.js)(?= +[\w-])/g;

/** The command lines of this package in lines of a shell: what follows the program's name, as words. */
export function commandLinesOf(code: string): readonly (readonly string[])[] {
  const lines = code
    .replaceAll(/ *\\\n */g, ' ')
    .split('\n')
    .map((line) => line.replace(/(^|\s)#.*$/, ''));
  return lines.flatMap((line) =>
    [...line.matchAll(PROGRAM)]
      .map(({ index, 0: program }) => wordsFrom(line, index + program.length))
      // `npm install azure-iot-x509 azure-iot-device` names a package.
      .filter((words) => !/\bnpm install\b/.test(line) && words.length > 0),
  );
}

function wordsFrom(line: string, start: number): readonly string[] {
  const words: string[] = [];
  WORD.lastIndex = start;
  for (let found = WORD.exec(line); found !== null; found = WORD.exec(line)) {
    const [, double, single, bare] = found;
    words.push(double ?? single ?? bare ?? '');
  }
  return words;
}

/**
 * Reads a command line as the program does.
 *
 * @throws UsageError or Error when there is no such command, or when it does not take these flags
 */
export async function readCommandLine(words: readonly string[]): Promise<void> {
  if (words.length === 1 && ['--help', '--version'].includes(words[0] ?? '')) return;
  const [command] = COMMANDS.filter(({ name }) =>
    name.split(' ').every((word, index) => words[index] === word),
  ).sort((one, other) => other.name.length - one.name.length);
  if (command === undefined) throw new Error(`Not a command: ${words.join(' ')}`);
  const args = words.slice(command.name.split(' ').length);
  const surroundings = { env: {}, cwd: process.cwd() };
  const { operands } = await parseFlags(args, { ...command.flags, ...GLOBAL_FLAGS }, surroundings);
  const { operands: known = [] } = command;
  const most = known.at(-1)?.repeatable === true ? Number.POSITIVE_INFINITY : known.length;
  if (operands.length > most) throw new Error(`${command.name} takes no ${operands.slice(most).join(' ')}`);
  const missing = known.slice(operands.length).find(({ required }) => required === true);
  if (missing !== undefined) throw new Error(`${command.name} needs ${missing.name}`);
}
