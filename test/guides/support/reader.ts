import { mkdirSync, writeFileSync } from 'node:fs';
import { delimiter, join, resolve } from 'node:path';
import { patternOf, type Block } from './guide';
import { Terminal } from './terminal';

/** What programs that stay print when others may go on; for all others nobody waits. */
const READY: readonly (readonly [command: RegExp, sign: string])[] = [
  [/^(?:npx )?azure-iot-emulator watch/, 'Watching '],
  [/^(?:npx )?azure-iot-emulator/, 'The emulator runs.'],
];

/** What `azure-iot-emulator` runs: the emulator as it is built. */
const EMULATOR_MAIN = resolve(__dirname, '../../../packages/emulator/dist/cli/main.js');

/** Longer than any guide takes, in milliseconds; whatever hangs then is ended, and its output shown. */
const LIMIT_MS = 90_000;
/** How long programs that stay may take until others may go on, in milliseconds. */
const START_LIMIT_MS = 30_000;
/** How long after Ctrl-C programs may take to end, in milliseconds. */
const CTRL_C_LIMIT_MS = 20_000;

/** What is printed between blocks; no command prints it. */
const BORDER = '\u001e';

/** A block that was run, and what it printed on stdout. */
interface Outcome {
  readonly block: Block;
  readonly printed: string;
}

/** What came of a guide. */
interface Reading {
  /** The exit code of the shell. */
  readonly code: number | null;
  /** What the shell's commands printed on stderr. */
  readonly err: string;
  /** Every block that ended, and after them those of the other terminals. */
  readonly outcomes: readonly Outcome[];
  /** The exit codes of what was ended by Ctrl-C in the other terminals. */
  readonly otherCodes: readonly (number | null)[];
}

/** Somebody who types what a guide says, in one shell, in an empty directory, with other terminals as the guide says. */
export class Reader {
  readonly #directory: string;
  readonly #env: NodeJS.ProcessEnv;

  /** @param main what `azure-iot-x509` runs */
  constructor(directory: string, main: string) {
    const bin = join(directory, 'bin');
    mkdirSync(bin);
    const script = (name: string, lines: string): void =>
      writeFileSync(join(bin, name), `#!/bin/sh\n${lines}\n`, { mode: 0o755 });
    script('azure-iot-x509', `exec '${process.execPath}' '${main}' "$@"`);
    script('azure-iot-emulator', `exec '${process.execPath}' '${EMULATOR_MAIN}' "$@"`);
    // What npx does where the packages are installed; it must not look for anything else.
    script('npx', 'case "$1" in azure-iot-x509 | azure-iot-emulator) exec "$@" ;; *) exit 127 ;; esac');
    this.#directory = join(directory, 'work');
    mkdirSync(this.#directory);
    // Nothing else: variables of whoever runs the tests would be settings of the device.
    this.#env = { PATH: [bin, process.env['PATH']].join(delimiter), HOME: directory };
  }

  /** Reads a guide to its end, or to the first command that fails. Leaves no process behind. */
  async read(blocks: readonly Block[]): Promise<Reading> {
    const others: { readonly block: Block; readonly terminal: Terminal }[] = [];
    try {
      for (const block of blocks.filter(({ role }) => role === 'other-terminal')) {
        // The shell outlives Ctrl-C, so that the exit code is that of its command.
        const terminal = this.#open(`trap : INT\n${block.commands}`);
        others.push({ block, terminal });
        const sign = READY.find(([command]) => command.test(block.commands))?.[1];
        if (sign !== undefined) await terminal.until(({ err }) => err.includes(sign), START_LIMIT_MS);
      }
      const typed = blocks.filter(({ role }) => role === 'run');
      const shell = this.#open(typed.map(({ commands }) => `${commands}\nprintf '${BORDER}'\n`).join(''));
      const { code, out } = await shell.end(LIMIT_MS);
      const printed = out.split(BORDER);
      const outcomes = typed
        .slice(0, printed.length - 1)
        .map((block, index) => ({ block, printed: printed[index] ?? '' }));
      const otherCodes: (number | null)[] = [];
      // The emulator is the first, and the last to go.
      for (const { block, terminal } of others.toReversed()) {
        // What the guide says that it prints need not have arrived there yet.
        const { output } = block;
        if (code === 0 && output !== undefined) {
          await terminal.until(({ out }) => patternOf(output).test(out), CTRL_C_LIMIT_MS);
        }
        terminal.signal('SIGINT');
        const ended = await terminal.end(CTRL_C_LIMIT_MS);
        otherCodes.push(ended.code);
        outcomes.push({ block, printed: ended.out });
      }
      return { code, err: shell.err, outcomes, otherCodes };
    } finally {
      for (const { terminal } of others) terminal.signal('SIGKILL');
      await Promise.all(others.map(({ terminal }) => terminal.end(CTRL_C_LIMIT_MS)));
    }
  }

  #open(commands: string): Terminal {
    return new Terminal(commands, this.#directory, this.#env);
  }
}
