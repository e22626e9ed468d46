import { KeyObject } from 'node:crypto';

/** How many characters of key material in a row are a leak. Shorter pieces occur by chance. */
const WINDOW = 20;
/** Shorter passphrases, and those that are plain words, occur in texts that have nothing to do with them. */
const MIN_PASSPHRASE = 8;
const A_KEY = /-----BEGIN (?!ENCRYPTED)[A-Z ]*PRIVATE KEY-----(?:\s|\\r|\\n)*[A-Za-z0-9+/]{20}/;

/** A secret that was found where it must not be. */
export interface Leak {
  readonly channel: string;
  readonly test: string;
  readonly secret: string;
}

interface Output {
  readonly channel: string;
  readonly test: string;
  readonly text: string;
}

/** Remembers the secrets that tests make and read, and the texts that they put out, and compares the two. */
export class SecretScan {
  /** Pieces of keys, of equal length, so that a text is searched for all of them in one pass. */
  readonly #pieces = new Set<string>();
  readonly #keys = new Set<string>();
  readonly #seen = new WeakSet<KeyObject>();
  readonly #passphrases = new Set<string>();
  readonly #outputs: Output[] = [];

  /** How many secrets are known. */
  get size(): number {
    return this.#keys.size + this.#passphrases.size;
  }

  addKey(key: KeyObject): void {
    if (this.#seen.has(key)) return;
    this.#seen.add(key);
    for (const secret of privateParts(key)) {
      const name = secret.toString('hex');
      if (this.#keys.has(name)) continue;
      this.#keys.add(name);
      for (const text of spellings(secret)) this.#addPieces(text);
    }
  }

  addPassphrase(passphrase: unknown): void {
    const text = Buffer.isBuffer(passphrase) ? passphrase.toString() : passphrase;
    if (typeof text !== 'string' || text.length < MIN_PASSPHRASE || /^[a-z]+$/i.test(text)) return;
    // An endless repetition of one character is a test of lengths, and no secret.
    if (new Set(text).size > 3) this.#passphrases.add(text);
  }

  addOutput(channel: string, test: string, text: string): void {
    if (text !== '') this.#outputs.push({ channel, test, text });
  }

  /** What has leaked so far, each channel and test once. */
  leaks(): readonly Leak[] {
    const leaks = new Map<string, Leak>();
    for (const { channel, test, text } of this.#outputs) {
      const secret = this.find(text);
      if (secret !== undefined) leaks.set(`${channel}\n${test}`, { channel, test, secret });
    }
    return [...leaks.values()];
  }

  /** The kind of secret that a text holds, if any; never the secret itself. */
  find(text: string): string | undefined {
    if (A_KEY.test(text)) return 'a private key in PEM';
    for (let start = 0; start + WINDOW <= text.length; start++) {
      if (this.#pieces.has(text.slice(start, start + WINDOW))) return 'a part of a private key';
    }
    for (const passphrase of this.#passphrases) {
      const forms = [passphrase, JSON.stringify(passphrase).slice(1, -1), encodeURIComponent(passphrase)];
      if (forms.some((form) => text.includes(form))) return 'a passphrase';
    }
    return undefined;
  }

  #addPieces(text: string): void {
    // A long secret spans many lines of PEM (64 characters); each of them holds a whole piece all the same.
    const step = text.length > 120 ? 8 : 1;
    for (let start = 0; start + WINDOW <= text.length; start += step)
      this.#pieces.add(text.slice(start, start + WINDOW));
  }
}

/** The numbers that make a key private. Its public half is in its certificate. */
function privateParts(key: KeyObject): Buffer[] {
  try {
    const { d, p, q, dp, dq, qi } = exportOf(key)({ format: 'jwk' }) as Record<string, string | undefined>;
    return [d, p, q, dp, dq, qi].flatMap((part) =>
      part === undefined ? [] : [Buffer.from(part, 'base64url')],
    );
  } catch {
    // DSA and RSA-PSS have no such form; the end of theirs is private.
    const der = exportOf(key)({ type: 'pkcs8', format: 'der' }) as Buffer;
    return [der.subarray(-20)];
  }
}

const original = new WeakMap<object, KeyObject['export']>();

/** The method as Node.js made it, below whatever records its calls. */
function exportOf(key: KeyObject): (options: object) => unknown {
  const prototype = Object.getPrototypeOf(key) as KeyObject;
  // eslint-disable-next-line @typescript-eslint/unbound-method -- called with its key right away
  const method = original.get(prototype) ?? prototype.export;
  return (options) => method.call(key, options as never);
}

/** How bytes appear in texts: PEM, JSON, dumps of Buffers. */
function spellings(secret: Buffer): string[] {
  const hex = secret.toString('hex');
  const octets = [...secret];
  return [
    ...[0, 1, 2].map((skip) =>
      secret
        .subarray(skip)
        .toString('base64')
        .replace(/..?=*$/, ''),
    ),
    secret.toString('base64url'),
    hex,
    hex.toUpperCase(),
    octets.map((octet) => octet.toString(16).padStart(2, '0')).join(' '),
    octets.map((octet) => octet.toString(16).padStart(2, '0').toUpperCase()).join(':'),
    octets.join(','),
    octets.join(', '),
  ];
}

/** Replaces a method by one that records its calls, until the returned function is called. */
export function tap<Owner extends object>(
  owner: Owner,
  name: keyof Owner,
  record: (self: unknown, args: readonly unknown[], result: unknown) => void,
): () => void {
  const before = owner[name] as unknown as (...args: unknown[]) => unknown;
  const recording = function (this: unknown, ...args: unknown[]): unknown {
    const result = before.apply(this, args);
    record(this, args, result);
    return result;
  };
  Object.assign(recording, before);
  if (owner instanceof KeyObject) original.set(owner, before as unknown as KeyObject['export']);
  owner[name] = recording as unknown as Owner[keyof Owner];
  return () => {
    owner[name] = before as unknown as Owner[keyof Owner];
  };
}
