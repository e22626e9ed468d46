import { styleFor, type Style } from './style';
import { terminalWidth, type OutputIo, type StreamName } from './terminal';
import { wrap } from './text';

/** The beginning of a command to copy. Such a line is not broken. */
const COMMAND = /^ *(azure-iot-x509|export|npm|npx|openssl) /;

/** A result for programs and for people. */
export interface Result {
  /** The JSON of `--json`. It must not contain a secret. */
  readonly json: unknown;
  /** The lines for people; long ones are broken at the terminal's width. */
  readonly text: (style: Style) => readonly string[];
}

/** Options of {@link Output}. */
interface OutputOptions {
  /** True if `--json` is given. */
  readonly isJson: boolean;
}

/** The output of a command: results on stdout, everything else (progress, notes, warnings) on stderr. */
export class Output {
  /** The style of text on stdout. */
  readonly style: Style;
  /** The style of text on stderr. */
  readonly noteStyle: Style;
  readonly isJson: boolean;
  readonly #io: OutputIo;
  #hasResult = false;
  #hasEvents = false;

  constructor(io: OutputIo, { isJson }: OutputOptions) {
    this.#io = io;
    this.isJson = isJson;
    this.style = styleFor(io, 'stdout');
    this.noteStyle = styleFor(io, 'stderr');
  }

  /** The outcome of the command, at most once: lines, or with `--json` one JSON document. */
  result({ json, text }: Result): void {
    this.#hasResult = true;
    if (this.isJson) this.#io.stdout.write(`${JSON.stringify(json, undefined, 2)}\n`);
    else for (const line of text(this.style)) this.#line('stdout', line);
  }

  /** From now on results are events, so that a failure is a line of JSON too. */
  expectEvents(): void {
    this.#hasEvents = true;
  }

  /** One of any number of results: lines, or with `--json` one line of JSON. */
  event({ json, text }: Result): void {
    this.#hasEvents = true;
    if (this.isJson) this.#io.stdout.write(`${JSON.stringify(json)}\n`);
    else for (const line of text(this.style)) this.#line('stdout', line);
  }

  /** The error as the one document or the last line of `--json`; nothing without `--json` or after a result. */
  failure(error: object): void {
    if (!this.isJson || this.#hasResult) return;
    this.#io.stdout.write(`${JSON.stringify({ error }, undefined, this.#hasEvents ? undefined : 2)}\n`);
  }

  /** A line on stderr. */
  note(text: string): void {
    this.#line('stderr', text);
  }

  /** A warning on stderr. */
  warn(text: string): void {
    this.#line('stderr', `${this.noteStyle.yellow('warning:')} ${text}`);
  }

  /** A line on stderr about work that takes a while. */
  progress(text: string): void {
    this.#line('stderr', this.noteStyle.dim(`${text} …`));
  }

  #line(stream: StreamName, text: string): void {
    const width = COMMAND.test(text) ? Infinity : (terminalWidth(this.#io, stream) ?? Infinity);
    const indent = /^ */.exec(text)?.[0].length ?? 0;
    for (const line of wrap(text, width, indent)) this.#io[stream].write(`${line}\n`);
  }
}
