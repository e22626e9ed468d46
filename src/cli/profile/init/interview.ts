import { type Io, locate } from '../../io';
import type { Output } from '../../output/output';
import { Prompter } from '../../prompt/prompter';

/** A question that is asked until its answer is sound. */
interface Question {
  readonly question: string;
  /** What a flag says: it is not asked for if it is sound. */
  readonly given?: string | undefined;
  /** What an empty answer stands for. */
  readonly suggestion?: string | undefined;
  /** Whether an empty answer will do; it is not checked. */
  readonly isOptional?: boolean;
  /** Why the answer will not do, with what to do about it. */
  readonly problem: (answer: string) => Promise<string | undefined> | string | undefined;
}

/** Asks questions at the terminal, again and again until the answer is sound, with the reason each time. */
export class Interview {
  readonly #io: Io;
  readonly #output: Output;
  readonly #prompter: Prompter;

  constructor(io: Io, output: Output) {
    this.#io = io;
    this.#output = output;
    this.#prompter = new Prompter(io);
  }

  say(text: string): void {
    this.#output.note(text);
  }

  async ask(question: Question): Promise<string> {
    return await this.#untilSound(question, (text) => this.#prompter.ask(text));
  }

  /** Like {@link ask}, for a path, which can be opened as it is answered with. Knows `~/`, as shells do. */
  async askPath(question: Question): Promise<string> {
    return await this.#untilSound(question, async (text) => this.#path(await this.#prompter.ask(text)));
  }

  async askSecret(question: Omit<Question, 'suggestion'>): Promise<string> {
    return await this.#untilSound(question, (text) => this.#prompter.askSecret(text));
  }

  async #untilSound(
    { question, given, suggestion, isOptional, problem }: Question,
    ask: (text: string) => Promise<string>,
  ): Promise<string> {
    const { bold, dim, red } = this.#output.noteStyle;
    const hint = suggestion === undefined ? '' : dim(` [${suggestion}]`);
    if (given !== undefined) {
      const found = await problem(given);
      if (found === undefined) return given;
      this.say(red(found));
    }
    for (;;) {
      const typed = await ask(`${bold(question)}${hint}: `);
      const answer = typed === '' ? (suggestion ?? '') : typed;
      if (answer === '' && isOptional === true) return '';
      const found = answer === '' ? 'An answer is needed; Ctrl-C ends.' : await problem(answer);
      if (found === undefined) return answer;
      this.say(red(found));
    }
  }

  #path(answer: string): string {
    const home = this.#io.env['HOME'] ?? this.#io.env['USERPROFILE'];
    const isAtHome = home !== undefined && /^~[/\\]/.test(answer);
    return answer === '' ? '' : locate(this.#io.cwd, isAtHome ? `${home}${answer.slice(1)}` : answer);
  }
}
