import { CommanderError } from 'commander';
import { readCommandLine as readEmulatorLine } from '../../packages/emulator/test/cli/support/read-command-line';
import { COMMANDS } from '../../src/cli/commands';
import { buildProgram } from '../../src/cli/program';
import { MemoryIo } from '../cli/support/memory-io';

/** Reads the words after a program's name as the program does, without running anything; rejects when they are wrong. */
type Parser = (words: readonly string[]) => Promise<void>;

/** The parsers of our programs by their names. */
const PARSERS: Readonly<Record<string, Parser>> = {
  'azure-iot-x509': async (words) => {
    const { program } = buildProgram(COMMANDS, new MemoryIo(), () => Promise.resolve());
    try {
      await program.parseAsync([...words], { from: 'user' });
    } catch (error) {
      // --help and --version end the parsing.
      if (!(error instanceof CommanderError && error.exitCode === 0)) throw error;
    }
  },
  'azure-iot-emulator': readEmulatorLine,
};

/** A command line of one of our programs. */
interface CommandLine {
  readonly program: string;
  /** The words after the program's name. */
  readonly words: readonly string[];
}

/** A word as a shell reads it, or the end of a command. Quotes within a word are not needed by any page. */
const WORD = /[ \t]*(?:"([^"]*)"|'([^']*)'|([^\s|)>;&"']+))/y;

/** The name of a program, or what starts it in a clone. */
const PROGRAM =
  /(?:\b(azure-iot-x509|azure-iot-emulator)|\bnode (?:packages\/(emulator)\/)?dist\/cli\/main\.js)(?= +[\w-])/g;

/** The command lines of our programs in lines of a shell. */
export function commandLinesOf(code: string): readonly CommandLine[] {
  const lines = code
    .replaceAll(/ *\\\n */g, ' ')
    .split('\n')
    .map((line) => line.replace(/(^|\s)#.*$/, ''));
  return (
    lines
      // `npm install azure-iot-x509 azure-iot-device` names packages.
      .filter((line) => !/\bnpm (?:i|install)\b/.test(line))
      .flatMap((line) =>
        [...line.matchAll(PROGRAM)].map(({ index, 0: start, 1: name, 2: folder }) => ({
          program: name ?? (folder === undefined ? 'azure-iot-x509' : 'azure-iot-emulator'),
          words: wordsFrom(line, index + start.length),
        })),
      )
      .filter(({ words }) => words.length > 0)
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

/** Reads a command line as its program does; rejects when there is no such command, or it does not take these flags. */
export async function readCommandLine({ program, words }: CommandLine): Promise<void> {
  await PARSERS[program]?.(words);
}
