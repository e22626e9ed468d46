import { isInteractive, terminalWidth, type OutputIo, type StreamName } from './terminal';
import { duration } from './text';

const FRAMES = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'];
const FRAME_MS = 100;
/** To the beginning of the line (CR), and erase it (ECMA-48 EL). */
const CLEAR_LINE = '\r\u001b[2K';
const DEFAULT_COLUMNS = 80;

/** One line on a terminal that tells what one is waiting for, and disappears when it is over. Nothing elsewhere. */
export class Progress {
  readonly #io: OutputIo;
  readonly #stream: StreamName;
  readonly #indent: string;
  #timer: NodeJS.Timeout | undefined;
  #isDrawn = false;

  /** @param indent what the line begins with */
  constructor(io: OutputIo, stream: StreamName, indent = '') {
    this.#io = io;
    this.#stream = stream;
    this.#indent = indent;
  }

  start(text: string): void {
    this.stop();
    if (!isInteractive(this.#io, this.#stream)) return;
    const started = performance.now();
    let frame = 0;
    // The first drawing comes after one interval, so that short steps do not flicker.
    this.#timer = setInterval(() => {
      const spinner = FRAMES[frame++ % FRAMES.length] ?? '';
      this.#draw(`${this.#indent}${spinner} ${text} … ${duration(performance.now() - started)}`);
    }, FRAME_MS);
  }

  /** Makes room for another line; the progress is drawn again after it. */
  erase(): void {
    if (this.#isDrawn) this.#io[this.#stream].write(CLEAR_LINE);
    this.#isDrawn = false;
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.erase();
  }

  #draw(line: string): void {
    // A line that the terminal breaks could not be erased.
    const width = (terminalWidth(this.#io, this.#stream) ?? DEFAULT_COLUMNS) - 1;
    this.#io[this.#stream].write(CLEAR_LINE + line.slice(0, width));
    this.#isDrawn = true;
  }
}
