import { readCertificateFile, type CertificateFacts } from 'azure-iot-certificates/internal';
import { textInFlagTerms } from '../../flag-terms';

/** One problem of a file. */
interface FileProblem {
  readonly rule: string;
  readonly message: string;
  readonly remedy: string;
}

/** The certificates of one file. */
export interface ReadFile {
  readonly path: string;
  readonly certificates: readonly CertificateFacts[];
  /** True if the file also holds a private key. The key is not read. */
  readonly hasKey: boolean;
  readonly problems: readonly FileProblem[];
}

/** Resolves with a passphrase for the PKCS#12 file, or with `undefined` to read the file without one. */
export type PassphraseFor = (path: string, isWrong: boolean) => Promise<string | undefined>;

/** Reads every certificate of a file. Errors of the file are `problems` of the result. */
export async function readFile(path: string, passphraseFor: PassphraseFor): Promise<ReadFile> {
  let file = await readCertificateFile(path);
  for (let isWrong = false; file.needsPassphrase; isWrong = true) {
    const passphrase = await passphraseFor(path, isWrong);
    if (passphrase === undefined) break;
    file = await readCertificateFile(path, passphrase);
  }
  const { certificates, hasKey, findings } = file;
  return { path, certificates, hasKey, problems: findings.map(inShowTerms) };
}

function inShowTerms({ rule, message, remedy }: FileProblem): FileProblem {
  const names = { certFile: 'FILE' };
  return {
    rule,
    message: textInFlagTerms(message.replace(' (certFile)', ''), names),
    remedy: textInFlagTerms(remedy, names),
  };
}
