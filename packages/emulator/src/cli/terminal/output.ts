import { stripVTControlCharacters, styleText } from 'node:util';
import { printable } from 'azure-iot-certificates/internal';
import type { Io } from './io';

/** Emphasis of text on one of the two streams. */
export type Style = Readonly<Record<'bold' | 'dim' | 'red', (text: string) => string>>;

/** Lines for people. */
type Text = string | ((style: Style) => readonly string[]);

/** Results go to stdout, everything else to stderr. */
export class Output {
  /** Emphasis on stderr. */
  readonly noteStyle: Style;
  readonly #io: Io;
  readonly #style: Style;
  readonly #isJson: () => boolean;
  #hasResult = false;
  #hasEvents = false;

  /** @param isJson whether `--json` is given */
  constructor(io: Io, isJson: () => boolean) {
    this.#io = io;
    this.#isJson = isJson;
    this.#style = styleOf(io, 'stdout');
    this.noteStyle = styleOf(io, 'stderr');
  }

  /** The outcome of the command, at most once: lines, or with `--json` one document. */
  result(value: unknown, text: Text): void {
    this.#hasResult = true;
    this.#print(value, text, 2);
  }

  /** One of any number of results: lines, or with `--json` one line. */
  event(value: unknown, text: Text): void {
    this.#hasEvents = true;
    this.#print(value, text);
  }

  /** With `--json`, a failure is the one document or the last line. */
  failure(error: object): void {
    if (this.#isJson() && !this.#hasResult) this.#print({ error }, '', this.#hasEvents ? undefined : 2);
  }

  /** Prints text on stdout, unchanged. */
  raw(text: string): void {
    this.#io.stdout.write(text);
  }

  /** Prints a note on stderr. */
  note(text: string): void {
    this.#io.stderr.write(`${text}\n`);
  }

  #print(value: unknown, text: Text, indent?: number): void {
    const lines = typeof text === 'string' ? [text] : text(this.#style);
    this.raw(`${this.#isJson() ? JSON.stringify(value, undefined, indent) : lines.join('\n')}\n`);
  }
}

/**
 * Colors on a terminal, plain text elsewhere. `FORCE_COLOR` (force-color.org) decides before `NO_COLOR` (no-color.org),
 * as in Node.js itself.
 */
function styleOf(io: Io, stream: 'stdout' | 'stderr'): Style {
  const { FORCE_COLOR: forced = '', NO_COLOR: refused = '', TERM: terminal } = io.env;
  const isColored =
    forced === ''
      ? io[stream].isTTY === true && terminal !== 'dumb' && refused === ''
      : !['0', 'false'].includes(forced);
  const style = (name: keyof Style) => (text: string) =>
    isColored ? styleText(name, text, { validateStream: false }) : text;
  return { bold: style('bold'), dim: style('dim'), red: style('red') };
}

/** Rows below a bold heading, in columns as wide as their content. An absent cell is a dash. */
export function table(headings: readonly string[], rows: readonly (readonly (string | undefined)[])[]) {
  return ({ bold }: Style): readonly string[] => {
    const all = [headings.map(bold), ...rows.map((row) => row.map((cell = '-') => printable(cell)))];
    const length = (text = ''): number => stripVTControlCharacters(text).length;
    const widths = headings.map((_, column) => Math.max(...all.map((row) => length(row[column]))));
    const padded = (cell: string, column: number): string =>
      cell + ' '.repeat((widths[column] ?? 0) - length(cell));
    return all.map((row) => row.map(padded).join('  ').trimEnd());
  };
}
