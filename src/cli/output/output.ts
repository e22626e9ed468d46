import { Progress } from './progress';
import { styleFor, type Style } from './style';
import { isInteractive, terminalWidth, type OutputIo, type StreamName } from './terminal';
import { wrap } from './text';

/** Lines to be copied are not broken. */
const COMMAND = /^ *(azure-iot-x509|export|npm|npx|openssl) /;

/** A result for programs and for people. */
export interface Result {
  /** The JSON of `--json`. Never a secret. */
  readonly json: unknown;
  /** The lines for people; long ones are broken at the terminal's width. */
  readonly text: (style: Style) => readonly string[];
}

/** Options of {@link Output}. */
interface OutputOptions {
  /** Whether `--json` is given. */
  readonly isJson: boolean;
}

/**
 * The output of a command: results on stdout, everything else (progress, notes, warnings) on stderr. The line that shows
 * progress on a terminal never gets mixed up with others.
 */
export class Output {
  /** For text on stdout. */
  readonly style: Style;
  /** For text on stderr. */
  readonly noteStyle: Style;
  readonly isJson: boolean;
  readonly #io: OutputIo;
  readonly #progress: Progress;
  #hasResult = false;
  #hasEvents = false;

  constructor(io: OutputIo, { isJson }: OutputOptions) {
    this.#io = io;
    this.isJson = isJson;
    this.style = styleFor(io, 'stdout');
    this.noteStyle = styleFor(io, 'stderr');
    this.#progress = new Progress(io, 'stderr');
  }

  /** The outcome of the command, at most once: lines, or with `--json` one JSON document. */
  result({ json, text }: Result): void {
    this.#hasResult = true;
    if (this.isJson) this.#raw(`${JSON.stringify(json, undefined, 2)}\n`);
    else for (const line of text(this.style)) this.#line('stdout', line);
  }

  /** From now on, results are events, and so a failure is a line of JSON too. */
  expectEvents(): void {
    this.#hasEvents = true;
  }

  /** One of any number of results: lines, or with `--json` one line of JSON. */
  event({ json, text }: Result): void {
    this.#hasEvents = true;
    if (this.isJson) this.#raw(`${JSON.stringify(json)}\n`);
    else for (const line of text(this.style)) this.#line('stdout', line);
  }

  /** The error as the one document or the last line of `--json`; nothing without `--json` or after a result. */
  failure(error: object): void {
    if (!this.isJson || this.#hasResult) return;
    this.#raw(`${JSON.stringify({ error }, undefined, this.#hasEvents ? undefined : 2)}\n`);
  }

  /** A line on stderr. */
  note(text: string): void {
    this.#line('stderr', text);
  }

  /** A warning on stderr. */
  warn(text: string): void {
    this.#line('stderr', `${this.noteStyle.yellow('warning:')} ${text}`);
  }

  /**
   * Shows progress on stderr until the work is done: a line that moves on a terminal, a plain line elsewhere.
   *
   * @param work is given a function that changes the text
   */
  async during<T>(text: string, work: (update: (text: string) => void) => Promise<T>): Promise<T> {
    this.#show(text);
    try {
      return await work((next) => this.#show(next));
    } finally {
      this.#progress.stop();
    }
  }

  /** Ends the progress, whatever has happened. */
  close(): void {
    this.#progress.stop();
  }

  #raw(text: string): void {
    this.#progress.erase();
    this.#io.stdout.write(text);
  }

  #show(text: string): void {
    this.#progress.start(text);
    if (!isInteractive(this.#io, 'stderr')) this.#io.stderr.write(`${text} …\n`);
  }

  #line(stream: StreamName, text: string): void {
    this.#progress.erase();
    const width = COMMAND.test(text) ? Infinity : (terminalWidth(this.#io, stream) ?? Infinity);
    const indent = /^ */.exec(text)?.[0].length ?? 0;
    for (const line of wrap(text, width, indent)) this.#io[stream].write(`${line}\n`);
  }
}
