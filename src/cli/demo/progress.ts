import { isInteractive, terminalWidth, type DemoIo } from './io';
import { duration } from './text';

const FRAMES = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'];
const FRAME_MS = 100;
/** To the beginning of the line (CR), and erase it (ECMA-48 EL). */
const CLEAR_LINE = '\r\u001b[2K';
const DEFAULT_COLUMNS = 80;

/** One line on a terminal that tells what one is waiting for, and disappears when it is over. Nothing elsewhere. */
export class Progress {
  readonly #io: DemoIo;
  #timer: NodeJS.Timeout | undefined;
  #isDrawn = false;

  constructor(io: DemoIo) {
    this.#io = io;
  }

  start(text: string): void {
    this.stop();
    if (!isInteractive(this.#io)) return;
    const started = performance.now();
    let frame = 0;
    // The first drawing comes after one interval, so that short steps do not flicker.
    this.#timer = setInterval(() => {
      const spinner = FRAMES[frame++ % FRAMES.length] ?? '';
      this.#draw(`  ${spinner} ${text} … ${duration(performance.now() - started)}`);
    }, FRAME_MS);
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
    if (this.#isDrawn) this.#io.stdout.write(CLEAR_LINE);
    this.#isDrawn = false;
  }

  #draw(line: string): void {
    // A line that the terminal breaks could not be erased.
    const width = (terminalWidth(this.#io) ?? DEFAULT_COLUMNS) - 1;
    this.#io.stdout.write(CLEAR_LINE + line.slice(0, width));
    this.#isDrawn = true;
  }
}
