import {
  type CertificateFacts,
  type Document,
  KEY_KINDS,
  openDocument,
  originOf,
  parseDocument,
  readCertificates,
  type ReadingFinding,
  readSource,
} from 'azure-iot-certificates/internal';
import { textInFlagTerms } from '../../flag-terms';

/** What is wrong with a file. */
interface FileProblem {
  readonly rule: string;
  readonly message: string;
  readonly remedy: string;
}

/** What a file holds. */
export interface ReadFile {
  readonly path: string;
  readonly certificates: readonly CertificateFacts[];
  /** Whether it holds a private key too, which is not looked at. */
  readonly hasKey: boolean;
  readonly problems: readonly FileProblem[];
}

/** Answers with a passphrase for the PKCS#12 file, or with `undefined` to go without. */
export type PassphraseFor = (path: string, isWrong: boolean) => Promise<string | undefined>;

/** Reads every certificate of a file. Whatever is wrong with it is a problem of the answer. */
export async function readFile(path: string, passphraseFor: PassphraseFor): Promise<ReadFile> {
  const origin = originOf('certFile', path);
  const { bytes, mode, findings } = await readSource(origin, undefined);
  if (bytes === undefined) return failed(path, findings);
  const { document, finding } = await open(parseDocument(origin, bytes, mode), path, passphraseFor);
  if (document === undefined) return failed(path, [finding]);
  const reading = readCertificates(document);
  return {
    path,
    certificates: reading.certificates,
    hasKey: document.items.some(({ kind }) => KEY_KINDS.has(kind)),
    problems: reading.findings.map(inShowTerms),
  };
}

async function open(document: Document, path: string, passphraseFor: PassphraseFor) {
  const isEncrypted = document.items.some(({ kind }) => kind === 'pkcs12');
  if (!isEncrypted) return openDocument(document, undefined);
  let opened = openDocument(document, undefined);
  for (let isWrong = false; isPassphraseProblem(opened.finding); isWrong = true) {
    const passphrase = await passphraseFor(path, isWrong);
    if (passphrase === undefined) break;
    opened = openDocument(document, passphrase);
  }
  return opened;
}

function isPassphraseProblem(finding: ReadingFinding | undefined): boolean {
  return finding?.rule === 'passphrase-given' || finding?.rule === 'passphrase-correct';
}

function failed(path: string, findings: readonly ReadingFinding[]): ReadFile {
  return { path, certificates: [], hasKey: false, problems: findings.map(inShowTerms) };
}

function inShowTerms({ rule, message, remedy }: ReadingFinding): FileProblem {
  const names = { certFile: 'FILE' };
  return {
    rule,
    message: textInFlagTerms(message.replace(' (certFile)', ''), names),
    remedy: textInFlagTerms(remedy, names),
  };
}
