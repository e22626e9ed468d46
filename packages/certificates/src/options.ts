import { types } from 'node:util';
import type { EnrollmentKind } from './enrollment';
import { InvalidOptionsError, type OptionProblem } from './errors';
import { nearestName } from './text';

/** The device certificate: exactly one of `cert` and `certFile`. */
export type CertificateSource =
  | {
      /** The device certificate (leaf first; intermediates may follow), as PEM text or as file content. */
      cert: string | Buffer;
      certFile?: never;
    }
  | {
      /** Path of the device certificate. Relative paths are resolved against the working directory. */
      certFile: string;
      cert?: never;
    };

/** The private key: exactly one of `key` and `keyFile`. */
export type KeySource =
  | {
      /** The private key that belongs to the certificate, as PEM text or as file content. */
      key: string | Buffer;
      keyFile?: never;
    }
  | {
      /** Path of the private key. */
      keyFile: string;
      key?: never;
    };

/** Intermediate certificates that are kept apart from the leaf: at most one of `chain` and `chainFile`. */
export type ChainSource =
  | {
      /** The intermediate certificates between the leaf and the enrolled certificate authority. */
      chain?: string | Buffer;
      chainFile?: never;
    }
  | {
      /** Path of the intermediate certificates. */
      chainFile?: string;
      chain?: never;
    };

/** The device's certificate, private key and chain, and how it was enrolled. */
export type CredentialsOptions = CertificateSource &
  KeySource &
  ChainSource & {
    /** The kind of enrollment. It decides which rules apply to the certificate. */
    enrollment: EnrollmentKind;
    /** Decrypts the private key (or the PKCS#12 file). */
    passphrase?: string;
    /** Default: the common name (CN) of the certificate, which is what DPS demands of X.509 devices. */
    registrationId?: string;
    /** Names of rules not to apply, for the day a rule is wrong. Default: none. */
    skipChecks?: readonly string[];
  };

/** Tells objects with named members from arrays, `null` and primitive values. */
export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The problems of a call's options, collected so that all of them are reported at once. */
export class OptionProblems {
  readonly #problems: OptionProblem[] = [];

  /** The problems so far. */
  get all(): readonly OptionProblem[] {
    return this.#problems;
  }

  add(option: string, message: string, remedy: string): void {
    this.#problems.push({ option, message, remedy });
  }

  /**
   * Adds every given option that is not known. A misspelled passphrase must not leave a key unencrypted.
   *
   * @param parent - the option whose members are looked at. Default: the options themselves.
   * @returns whether an option was unknown
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

  /**
   * Adds a problem if the options as a whole are missing or no object.
   *
   * @returns whether they are an object
   */
  addUnlessObject(options: unknown, remedy: string): boolean {
    if (isObject(options)) return true;
    this.add('options', options === undefined ? 'is missing.' : 'must be an object.', remedy);
    return false;
  }

  /** @throws InvalidOptionsError when there is a problem. */
  throwIfAny(): void {
    if (this.#problems.length > 0) throw new InvalidOptionsError(this.#problems);
  }
}

/** The options that hold or name certificates and keys. */
const SOURCES = {
  cert: { what: 'the device certificate', required: true },
  key: { what: 'the private key', required: true },
  chain: { what: 'the intermediate certificates', required: false },
} as const;

/** Checks that `name` or `nameFile` is given, not both, and of the right type. The value is never repeated. */
export function checkSource(
  options: Readonly<Record<string, unknown>>,
  name: keyof typeof SOURCES,
  problems: OptionProblems,
): void {
  const { what, required } = SOURCES[name];
  const file = `${name}File`;
  const [content, path] = [options[name], options[file]];
  if (content !== undefined && path !== undefined) {
    problems.add(file, `and ${name} are both given.`, `Give either ${file} or ${name}.`);
  } else if (path !== undefined) {
    if (typeof path === 'string' && path !== '' && !path.includes('\0')) return;
    problems.add(
      file,
      'must be a path, as a string that is not empty.',
      `Set ${file} to the path of ${what}.`,
    );
  } else if (content !== undefined) {
    if (typeof content === 'string' || types.isUint8Array(content)) return;
    problems.add(
      name,
      'must be a string or a Buffer.',
      `Set ${name} to the text of ${what}, or use ${file}.`,
    );
  } else if (required) {
    problems.add(
      file,
      `is missing, and so is ${name}.`,
      `Set ${file} to the path of ${what}, or ${name} to its text.`,
    );
  }
}

// OpenSSL's buffer for passphrases: a longer one encrypts, but nothing can decrypt it again.
const MAX_PASSPHRASE_BYTES = 1024;

/** Checks a passphrase that encrypts a private key: 1 to 1024 bytes as UTF-8, or none. */
export function checkPassphrase(passphrase: unknown, problems: OptionProblems): void {
  if (passphrase === undefined) return;
  const message =
    typeof passphrase !== 'string'
      ? 'must be a string.'
      : passphrase === ''
        ? 'is empty.'
        : Buffer.byteLength(passphrase) > MAX_PASSPHRASE_BYTES
          ? `is longer than ${MAX_PASSPHRASE_BYTES} bytes.`
          : undefined;
  if (message === undefined) return;
  const remedy = 'Pass 1 to 1024 bytes, or leave passphrase out for an unencrypted key.';
  problems.add('passphrase', message, remedy);
}
