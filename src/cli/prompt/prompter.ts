import { createInterface } from 'node:readline';
import { Writable } from 'node:stream';
import { CommandError } from '../command-error';
import type { Io } from '../io';

/** The number of times that a passphrase is asked for. */
export const MAX_TRIES = 3;

/** Tells whether a user can answer: stdin and stderr are terminals. */
export function canAsk({ stdin, stderr }: Pick<Io, 'stdin' | 'stderr'>): boolean {
  return stdin.isTTY === true && stderr.isTTY === true;
}

/** Asks questions on stderr and reads the answers from the terminal. Lines typed ahead answer the next questions. */
export class Prompter {
  readonly #io: Io;
  readonly #typed: string[] = [];

  constructor(io: Io) {
    this.#io = io;
  }

  /**
   * Asks for a line, which the terminal shows as it is typed.
   *
   * @throws CommandError when the input ends; the reason of the Io's signal when it is aborted
   */
  async ask(question: string): Promise<string> {
    return (await this.#line(question, false)).trim();
  }

  /** Like {@link ask}, but nothing that is typed is shown, and white space at the ends counts. */
  async askSecret(question: string): Promise<string> {
    try {
      return await this.#line(question, true);
    } finally {
      this.#io.stderr.write('\n');
    }
  }

  async #line(question: string, isSecret: boolean): Promise<string> {
    const { stdin, stderr, signal } = this.#io;
    signal.throwIfAborted();
    const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() });
    // Echo is off before the question is shown, so that early keys are not shown either.
    const lines = createInterface({
      input: stdin,
      output: nowhere,
      terminal: isSecret,
      historySize: 0,
      signal,
    });
    try {
      stderr.write(question);
      const typed = this.#typed.shift();
      if (typed !== undefined) return typed;
      await new Promise<void>((resolve, reject) => {
        lines.on('line', (line) => {
          this.#typed.push(line);
          resolve();
        });
        // The interface is closed by the end of the input, by Ctrl-D and by the signal.
        lines.once('close', () => reject(signal.aborted ? (signal.reason as Error) : noAnswer()));
        // A terminal without echo sends Ctrl-C as a key. It aborts the signal.
        lines.once('SIGINT', () => this.#io.interrupt());
      });
      return this.#typed.shift() ?? '';
    } finally {
      lines.close();
    }
  }
}

function noAnswer(): CommandError {
  return new CommandError({
    code: 'NO_ANSWER',
    message: 'The input ended before the question was answered.',
    remedy: 'Answer at the terminal, or give the answers as flags; see --help.',
  });
}
