import type { KeyObject } from 'node:crypto';
import { resolve } from 'node:path';
import type { CertificateSource, ChainSource, KeySource } from '../options';
import type { Finding } from '../report';
import { count, list } from '../text';
import type { CertificateFacts } from './certificate';
import { readCertificates } from './chain';
import { KEY_KINDS, parseDocument, type Document } from './document';
import type * as Pkcs12 from './pkcs12';
import { readPrivateKey } from './private-key';
import { READING_RULES, type ReadingFinding } from './problem';
import { originOf, readSource, type Origin } from './source';

/** The result of reading certificate, chain and key. */
export interface CredentialsReading {
  /** The certificates of the certificate option, then those of the chain option. */
  readonly given: readonly CertificateFacts[];
  /** The number of certificates of the certificate option. */
  readonly fromLeafOption: number;
  readonly key: KeyObject | undefined;
  readonly certificateOrigin: Origin;
  /** The option with the intermediates: that of the chain, or else that of the certificate. */
  readonly chainOrigin: Origin;
  readonly keyOrigin: Origin;
  /** Permission bits of the key file, on POSIX systems. */
  readonly keyMode: number | undefined;
  /** True if every given certificate could be read. */
  readonly complete: boolean;
  readonly findings: readonly Finding[];
}

/** The content of an option, taken apart, or the reasons why there is none. */
interface DocumentReading {
  readonly document: Document | undefined;
  readonly findings: readonly ReadingFinding[];
}

/** The options that are read. */
type SourceOptions = CertificateSource & KeySource & ChainSource & { passphrase?: string };

type Content = string | Uint8Array | undefined;

/** Reads certificate, key and chain. A file that several options name is read and reported once. */
export async function readCredentials(options: SourceOptions): Promise<CredentialsReading> {
  const files = new Map<unknown, Promise<DocumentReading>>();
  const load = (origin: Origin, content: Content): Promise<DocumentReading> => {
    const identity = content ?? `path ${resolve(origin.path ?? '')}`;
    const loading = files.get(identity) ?? readDocument(origin, content, options.passphrase);
    files.set(identity, loading);
    return loading;
  };
  const certificateOrigin = chosen('cert', options.certFile);
  const keyOrigin = chosen('key', options.keyFile);
  const hasChain = options.chain !== undefined || options.chainFile !== undefined;
  const chainOrigin = hasChain ? chosen('chain', options.chainFile) : certificateOrigin;
  const [certificate, key, chain] = await Promise.all([
    load(certificateOrigin, options.cert),
    load(keyOrigin, options.key),
    hasChain ? load(chainOrigin, options.chain) : undefined,
  ]);
  const findings = [...certificate.findings, ...key.findings, ...(chain?.findings ?? [])];
  const documents = [certificate.document, key.document, chain?.document];
  const base = { certificateOrigin, chainOrigin, keyOrigin, keyMode: key.document?.mode };
  const swapped = swapOf(certificate.document, key.document);
  if (swapped !== undefined) {
    return {
      ...base,
      given: [],
      fromLeafOption: 0,
      complete: false,
      key: undefined,
      findings: graded([...findings, swapped]),
    };
  }
  const leafReading = certificate.document && readCertificates(certificate.document);
  const chainReading = chain?.document && readCertificates(chain.document);
  const keyReading =
    key.document && readPrivateKey({ ...key.document, origin: keyOrigin }, options.passphrase);
  // If a certificate is damaged, the device's cannot be told from the others; the damage is the finding.
  const leafCertificates = leafReading?.findings.length === 0 ? leafReading.certificates : [];
  const chainComplete = chain === undefined || (chainReading?.findings ?? chain.findings).length === 0;
  return {
    ...base,
    // Without a certificate of the certificate option, one of the chain would be taken for the device's.
    given: leafCertificates.length === 0 ? [] : [...leafCertificates, ...(chainReading?.certificates ?? [])],
    fromLeafOption: leafCertificates.length,
    complete: chainComplete,
    key: keyReading?.key,
    findings: graded([
      ...findings,
      ...documents.flatMap((document) => repairsOf(document)),
      ...(leafReading?.findings ?? []),
      ...(keyReading?.findings ?? []),
      ...(chainReading?.findings ?? []),
    ]),
  };
}

function chosen(option: 'cert' | 'key' | 'chain', path: string | undefined): Origin {
  return originOf(path === undefined ? option : `${option}File`, path);
}

/** Reads the content of an option and opens it if it is a PKCS#12 file. */
export async function readDocument(
  origin: Origin,
  content: Content,
  passphrase: string | undefined,
): Promise<DocumentReading> {
  const { bytes, mode, findings } = await readSource(origin, content);
  if (bytes === undefined) return { document: undefined, findings };
  const document = parseDocument(origin, bytes, mode);
  const isContainer = document.items.some(({ kind, damage }) => kind === 'pkcs12' && damage === undefined);
  if (!isContainer) return { document, findings: [] };
  // Few devices have PKCS#12. `require` loads late in CommonJS, bundlers and Jest alike.
  // eslint-disable-next-line @typescript-eslint/no-require-imports -- see above
  const { openPkcs12 } = require('./pkcs12') as typeof Pkcs12;
  return openPkcs12(document, passphrase);
}

/** The finding for a certificate in the key's option and a key in the certificate's. */
function swapOf(certificate: Document | undefined, key: Document | undefined): ReadingFinding | undefined {
  if (certificate === undefined || key === undefined) return undefined;
  const holdsOnly = (document: Document, wanted: 'certificate' | 'key'): boolean => {
    const isKey = document.items.some(({ kind }) => KEY_KINDS.has(kind));
    const isCertificate = document.items.some(({ kind }) => kind === 'certificate');
    return wanted === 'key' ? isKey && !isCertificate : isCertificate && !isKey;
  };
  if (!holdsOnly(certificate, 'key') || !holdsOnly(key, 'certificate')) return undefined;
  return {
    rule: 'certificate-and-key-in-place',
    message: `Certificate and private key are swapped: ${certificate.origin.label} holds a private key, ${key.origin.label} holds a certificate.`,
    remedy: `Exchange the values of ${certificate.origin.option} and ${key.origin.option}.`,
  };
}

function repairsOf(document: Document | undefined): ReadingFinding[] {
  if (document === undefined || document.repairs.length === 0 || document.items.length === 0) return [];
  const { origin, repairs } = document;
  return [
    {
      rule: 'text-as-it-should-be',
      message: `${origin.subject} was read in spite of ${list([...new Set(repairs)])}.`,
      remedy: `Nothing needs to be done; ${count(repairs.length, 'deviation')} from the strict PEM format ${repairs.length === 1 ? 'was' : 'were'} allowed for.`,
    },
  ];
}

/** Adds the severities and removes repetitions. */
function graded(findings: readonly ReadingFinding[]): Finding[] {
  const unique = new Map(findings.map((finding) => [`${finding.rule}\n${finding.message}`, finding]));
  return [...unique.values()].map(({ rule, message, remedy }) => ({
    rule,
    severity: READING_RULES[rule].severity,
    message,
    remedy,
  }));
}
