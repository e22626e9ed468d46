import { DeviceError, InvalidOptionsError } from 'azure-iot-certificates';
import { CommandError } from './command-error';

/** The flags that set the library's options. A command may map them differently. */
export type OptionNames = Readonly<Record<string, string>>;

const OPTIONS: OptionNames = {
  certFile: '--cert',
  keyFile: '--key',
  chainFile: '--chain',
  caFile: '--ca',
  passphrase: 'the passphrase (--passphrase-env or --passphrase-file)',
  idScope: '--id-scope',
  globalEndpoint: '--endpoint',
  enrollment: '--enrollment',
  registrationId: '--registration-id',
  modelId: '--model-id',
  payload: '--payload',
  transport: '--transport',
  proxy: '--proxy',
  timeoutMs: '--timeout',
  assignmentFile: '--assignment-file',
  skipChecks: '--skip-check',
};

/** Ordinary words that are option names too; they are replaced only where a text calls them an option. */
const AMBIGUOUS = new Set([
  'passphrase',
  'enrollment',
  'payload',
  'transport',
  'proxy',
  'name',
  'directory',
  'issuer',
  'subject',
  'validity',
]);

/** Values that the library quotes and a command line does not. */
const TRANSPORT = /\btransport:? "(mqtt|mqtt-ws)"/g;

/** Advice of the library for programs, with its replacement for users of the command line. */
const PHRASES: readonly (readonly [RegExp, string])[] = [
  [/\boption proxy: false\b/g, '--proxy none'],
  [/, or pass overwrite: true\b/g, ', or replace it with --force'],
  [/\bLeave passphrase out\b/g, 'Give no passphrase'],
  [/\bSet option passphrase\b/g, 'Give option passphrase'],
  [/\boption passphrase is not given\b/g, 'no passphrase is given'],
  [/\bOption passphrase is given\b/g, 'A passphrase is given'],
  [/\bOption passphrase\b/g, 'The passphrase'],
];

/**
 * A text of the library in terms of the command line: `certFile` becomes `--cert`. Text in double quotes is a value and
 * stays as it is.
 */
export function textInFlagTerms(text: string, names: OptionNames = {}): string {
  const options = { ...OPTIONS, ...names };
  const words = Object.keys(options).filter((word) => !AMBIGUOUS.has(word));
  const known = new RegExp(`(?:\\b[Oo]ption )?(?<![\\w./-])(${words.join('|')})(?![\\w/-]|\\.\\w)`, 'g');
  const called = new RegExp(`\\b[Oo]ption (${[...AMBIGUOUS].join('|')})\\b`, 'g');
  return text
    .replaceAll(TRANSPORT, '--transport $1')
    .split(/("(?:[^"\\]|\\.)*")/)
    .map((part, index) => {
      if (index % 2 === 1) return part;
      const phrased = PHRASES.reduce((result, [pattern, phrase]) => result.replace(pattern, phrase), part);
      return phrased
        .replace(called, (whole, word: string) => options[word] ?? whole)
        .replace(known, (whole, word: string) => options[word] ?? whole);
    })
    .join('');
}

/** An error of the library in terms of the command line. */
export function inFlagTerms(error: DeviceError, names: OptionNames = {}): CommandError {
  const { code, isTransient, service, serviceCode, trackingId } = error;
  const base = { code, isTransient, service, serviceCode, trackingId, cause: error };
  if (!(error instanceof InvalidOptionsError))
    return new CommandError({
      ...base,
      message: textInFlagTerms(error.message, names),
      remedy: textInFlagTerms(error.remedy, names),
    });
  const options = { ...OPTIONS, ...names };
  const problems = error.problems.map(({ option, message, remedy }) => ({
    message: `${options[option] ?? option} ${textInFlagTerms(message, names)}`,
    remedy: textInFlagTerms(remedy, { ...names, [option]: options[option] ?? option }),
  }));
  const several = (texts: readonly string[]) =>
    texts.length === 1 ? texts.join('') : texts.map((text) => `\n- ${text}`).join('');
  return new CommandError({
    ...base,
    message: several(problems.map(({ message }) => message)),
    remedy: several(problems.map(({ remedy }) => remedy)),
  });
}

/** Runs a call of the library. Its errors are in terms of flags. */
export async function explaining<T>(names: OptionNames, call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    throw error instanceof DeviceError ? inFlagTerms(error, names) : error;
  }
}
