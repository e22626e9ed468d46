import { StringDecoder } from 'node:string_decoder';
import { CommandError } from '../command-error';
import type { Io } from '../io';

const CTRL_C = '\u0003';
const CTRL_D = '\u0004';
const CTRL_U = '\u0015';
const BACKSPACES = ['\u007f', '\b'];
// eslint-disable-next-line no-control-regex -- Ctrl-D is what ends the input of a raw terminal
const LINE_END = /\r\n|\r|\n|\u0004/;
/** How often a passphrase may be mistyped. */
export const MAX_TRIES = 3;
/** Longer than any answer; what is pasted by mistake must not fill the memory. */
const MAX_LINE = 10_000;

/** Whether somebody is there to answer: both what asks and what listens are a terminal. */
export function canAsk({ stdin, stderr }: Pick<Io, 'stdin' | 'stderr'>): boolean {
  return stdin.isTTY === true && stderr.isTTY === true;
}

/** Asks questions on stderr and reads the answers from the terminal. Keys typed ahead count for the next question. */
export class Prompter {
  readonly #io: Io;
  readonly #decoder = new StringDecoder('utf8');
  #typed = '';

  constructor(io: Io) {
    this.#io = io;
  }

  /**
   * Asks for a line, which the terminal shows as it is typed.
   *
   * @throws CommandError when the input ends; the reason of the Io's signal when it is aborted
   */
  async ask(question: string): Promise<string> {
    this.#io.stderr.write(question);
    return (await this.#line(false)).trim();
  }

  /** Like {@link ask}, but nothing that is typed is shown, and white space at the ends counts. */
  async askSecret(question: string): Promise<string> {
    const { stdin, stderr } = this.#io;
    // Before the question: whoever types at once is not shown either.
    stdin.setRawMode?.(true);
    try {
      stderr.write(question);
      return await this.#line(true);
    } finally {
      stdin.setRawMode?.(false);
      stderr.write('\n');
    }
  }

  async #line(isRaw: boolean): Promise<string> {
    const { stdin, signal } = this.#io;
    signal.throwIfAborted();
    return await new Promise<string>((resolve, reject) => {
      const done = () => {
        stdin.off('data', onData).off('end', onEnd).off('error', onEnd);
        signal.removeEventListener('abort', onAbort);
        // So that waiting for keys that nobody needs does not keep the process alive.
        stdin.pause();
      };
      const onAbort = () => {
        done();
        reject(signal.reason as Error);
      };
      const onEnd = () => {
        done();
        reject(noAnswer());
      };
      const onData = (chunk: Buffer | string) => {
        this.#typed += typeof chunk === 'string' ? chunk : this.#decoder.write(chunk);
        if (isRaw && this.#typed.includes(CTRL_C)) {
          this.#typed = '';
          // Rejects by way of the signal.
          this.#io.interrupt();
          return;
        }
        const end = LINE_END.exec(this.#typed);
        if (end === null && this.#typed.length <= MAX_LINE) return;
        const line = this.#typed.slice(0, end?.index ?? MAX_LINE);
        this.#typed = end === null ? '' : this.#typed.slice(end.index + end[0].length);
        done();
        if (end?.[0] === CTRL_D && line === '') reject(noAnswer());
        else resolve(isRaw ? edited(line) : line);
      };
      signal.addEventListener('abort', onAbort, { once: true });
      stdin.on('data', onData).on('end', onEnd).on('error', onEnd);
      // Whoever has typed ahead has answered.
      if (this.#typed !== '') onData('');
      else stdin.resume();
    });
  }
}

/** What remains of keys when the ones that delete have done their work, as the terminal does it with echo. */
function edited(keys: string): string {
  let line: string[] = [];
  // Cursor keys and the like are sequences (ECMA-48); there is nothing to move in what cannot be seen.
  // eslint-disable-next-line no-control-regex -- ESC is what the sequences begin with
  for (const key of keys.replaceAll(/\u001b(?:\[[0-9;]*[A-Za-z~]|O.)?/g, '')) {
    if (BACKSPACES.includes(key)) line.pop();
    else if (key === CTRL_U) line = [];
    else line.push(key);
  }
  return line.join('');
}

function noAnswer(): CommandError {
  return new CommandError({
    code: 'NO_ANSWER',
    message: 'The input ended before the question was answered.',
    remedy: 'Answer at the terminal, or give the answers as flags; see --help.',
  });
}
