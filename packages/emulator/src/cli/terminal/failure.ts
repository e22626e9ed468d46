import { inspect } from 'node:util';
import { DeviceError } from 'azure-iot-certificates';
import { printableLines } from 'azure-iot-certificates/internal';
import type { Output } from './output';

/** The exit codes of a command. An interrupted one ends with 130 (Ctrl-C) or 143 (SIGTERM). */
export const EXIT = {
  ok: 0,
  /** The emulator has refused the command, or the command has failed. */
  failed: 1,
  /** Flags or arguments are wrong; the command did nothing. */
  usage: 2,
} as const;

/** The content of a {@link CommandError}. */
interface CommandErrorInit {
  /** Stable and machine-readable, for `--json`. */
  readonly code: string;
  readonly message: string;
  /** The remedy, in terms of the command line. */
  readonly remedy: string;
  readonly cause?: unknown;
}

/** The error of a failed command. Its message and remedy name flags and files. */
export class CommandError extends Error {
  readonly code: string;
  readonly remedy: string;

  constructor({ code, message, remedy, cause }: CommandErrorInit) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = 'CommandError';
    this.code = code;
    this.remedy = remedy;
  }
}

/**
 * Prints an error and its remedy on stderr, and with `--json` also on stdout.
 *
 * @returns the exit code
 */
export function reportFailure(error: unknown, output: Output, isDebug: boolean): number {
  // Not instanceof Error: errors of Node.js come from another realm in vm contexts.
  const { message: text } = Object(error) as { message?: unknown };
  const message = typeof text === 'string' && text !== '' ? text : String(error);
  const { code, remedy } =
    error instanceof CommandError || error instanceof DeviceError
      ? error
      : { code: 'UNEXPECTED', remedy: 'try again with --debug, which shows where the error comes from.' };
  const { red, bold } = output.noteStyle;
  output.note(`${red(bold('error:'))} ${printableLines(message)}`);
  output.note(`What to do: ${printableLines(remedy)}`);
  if (isDebug) output.note(inspect(error));
  output.failure({ code, message, remedy });
  return code === 'INVALID_OPTIONS' ? EXIT.usage : EXIT.failed;
}
