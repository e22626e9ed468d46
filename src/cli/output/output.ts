import { Progress } from './progress';
import { styleFor, type Style } from './style';
import { isInteractive, terminalWidth, type OutputIo, type StreamName } from './terminal';
import { wrap } from './text';

/** A line that people copy must not be broken. */
const COMMAND = /^ *(azure-iot-x509|export|npm|npx|openssl) /;

/** A result in both of its forms. */
export interface Result {
  /** What `--json` prints. Never a secret. */
  readonly json: unknown;
  /** What people read, a line each; long lines are broken at the terminal's width. */
  readonly text: (style: Style) => readonly string[];
}

/** Options of {@link Output}. */
interface OutputOptions {
  /** Whether `--json` is given. */
  readonly isJson: boolean;
}

/**
 * Where a command writes: results to stdout, everything else (progress, notes, warnings) to stderr. The line that shows
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
    if (this.isJson) this.raw(`${JSON.stringify(json, undefined, 2)}\n`);
    else for (const line of text(this.style)) this.#line('stdout', line);
  }

  /** One of any number of results: lines, or with `--json` one line of JSON. */
  event({ json, text }: Result): void {
    this.#hasEvents = true;
    if (this.isJson) this.raw(`${JSON.stringify(json)}\n`);
    else for (const line of text(this.style)) this.#line('stdout', line);
  }

  /** What went wrong, as the one document or the last line of `--json`; nothing without `--json` or after a result. */
  failure(error: object): void {
    if (!this.isJson || this.#hasResult) return;
    this.raw(`${JSON.stringify({ error }, undefined, this.#hasEvents ? undefined : 2)}\n`);
  }

  /** Text on stdout exactly as it is, e.g. a script. */
  raw(text: string): void {
    this.#progress.erase();
    this.#io.stdout.write(text);
  }

  /** Something that people may want to know, on stderr. */
  note(text: string): void {
    this.#line('stderr', text);
  }

  /** Something that people should know, on stderr. */
  warn(text: string): void {
    this.#line('stderr', `${this.noteStyle.yellow('warning:')} ${text}`);
  }

  /**
   * Tells on stderr what goes on until the work is done: a line that moves on a terminal, a plain line elsewhere.
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

  /** Ends what moves, whatever has happened. */
  close(): void {
    this.#progress.stop();
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
