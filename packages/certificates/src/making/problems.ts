import { InvalidOptionsError, type OptionProblem } from '../errors';
import { nearestName } from '../nearest-name';

/** Collects what is wrong with a call's options, so that all of it is reported at once. */
export class OptionProblems {
  readonly #problems: OptionProblem[] = [];

  add(option: string, message: string, remedy: string): void {
    this.#problems.push({ option, message, remedy });
  }

  /**
   * Adds every option that is given but not known: a misspelled passphrase must not leave a key unencrypted.
   *
   * @param parent the option that holds them, when they are members of one
   * @returns whether there was one
   */
  addUnknown(options: object, known: readonly string[], parent?: string): boolean {
    const prefix = parent === undefined ? '' : `${parent}.`;
    const names = known.map((name) => prefix + name).join(', ');
    const unknown = Object.entries(options)
      .filter(([name, value]) => value !== undefined && !known.includes(name))
      .map(([name]) => name);
    for (const name of unknown) {
      const meant = nearestName(name, known);
      this.add(
        prefix + name,
        `is not an option.${meant === undefined ? '' : ` Did you mean ${prefix}${meant}?`}`,
        `Correct its name or leave it out. The options are: ${names}.`,
      );
    }
    return unknown.length > 0;
  }

  /** Adds that the options as a whole are missing or no object. Answers whether they can be looked at. */
  addUnlessObject(options: unknown, remedy: string): boolean {
    const isObject = typeof options === 'object' && options !== null && !Array.isArray(options);
    if (!isObject) this.add('options', options === undefined ? 'is missing.' : 'must be an object.', remedy);
    return isObject;
  }

  /** @throws InvalidOptionsError when something was added. */
  throwIfAny(): void {
    if (this.#problems.length > 0) throw new InvalidOptionsError(this.#problems);
  }
}
