import { quote, shellWord } from '../text';

/** The options that hold or name certificates and keys. */
export type SourceOption = 'cert' | 'certFile' | 'key' | 'keyFile' | 'chain' | 'chainFile';

/** Where bytes come from, in the words that messages and remedies use. Never the bytes themselves. */
export interface Origin {
  readonly option: SourceOption;
  /** The path as given, for file options. */
  readonly path: string | undefined;
  /** Sentence start: `The file "device.crt" (certFile)` or `Option cert`. */
  readonly subject: string;
  /** The same in mid-sentence. */
  readonly label: string;
  /** The path as a word of a shell command, or a name that stands for it. */
  readonly word: string;
}

const PLACEHOLDERS = { cert: 'device.crt', key: 'device-private-key.pem', chain: 'chain.pem' } as const;

/** PEM or Base64 given in place of a path: it must not be repeated, since it may be the private key. */
export function looksLikeContent(path: string): boolean {
  return path.includes('-----') || path.includes('\n') || /^(?:M[A-Z]|LS0t)[\w+/=-]{40}/.test(path);
}

/** Describes the value of an option. */
export function originOf(option: SourceOption, path?: string): Origin {
  const placeholder = PLACEHOLDERS[option.replace('File', '') as keyof typeof PLACEHOLDERS];
  if (path === undefined || looksLikeContent(path)) {
    const label = `option ${option}`;
    return { option, path, subject: `Option ${option}`, label, word: placeholder };
  }
  return {
    option,
    path,
    subject: `The file ${quote(path)} (${option})`,
    label: `the file ${quote(path)} (${option})`,
    word: shellWord(path),
  };
}
