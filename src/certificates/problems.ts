import { InvalidOptionsError, type OptionProblem } from '../errors';

/** Collects what is wrong with a call's options, so that all of it is reported at once. */
export class OptionProblems {
  readonly #problems: OptionProblem[] = [];

  add(option: string, message: string, remedy: string): void {
    this.#problems.push({ option, message, remedy });
  }

  /** @throws InvalidOptionsError when something was added. */
  throwIfAny(): void {
    if (this.#problems.length > 0) throw new InvalidOptionsError(this.#problems);
  }
}
