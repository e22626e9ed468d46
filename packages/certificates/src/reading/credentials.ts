import type { KeyObject } from 'node:crypto';
import { resolve } from 'node:path';
import { openDocument } from './open';
import type { CredentialsOptions } from '../options';
import type { CertificateFacts } from './facts';
import type { Finding } from '../report';
import { count, list } from '../text';
import { readCertificates } from './certificates';
import { KEY_KINDS } from './classify';
import { parseDocument, type Document } from './document';
import { originOf, type Origin, type SourceOption } from './origin';
import { readPrivateKey } from './private-key';
import { READING_RULES, type ReadingFinding } from './problem';
import { readSource } from './source';

/** Everything that the options yield. */
export interface CredentialsReading {
  /** Of the certificate option, then of the chain option. */
  readonly given: readonly CertificateFacts[];
  /** How many of them come from the certificate option. */
  readonly fromLeafOption: number;
  readonly key: KeyObject | undefined;
  readonly certificateOrigin: Origin;
  readonly keyOrigin: Origin;
  readonly keyMode: number | undefined;
  /** Whether every given certificate could be read. */
  readonly complete: boolean;
  readonly findings: readonly Finding[];
}

interface Loaded {
  readonly document: Document | undefined;
  readonly findings: readonly ReadingFinding[];
}

type Content = string | Uint8Array | undefined;

/** Reads certificate, key and chain. What several options name is read, and complained about, once. */
export async function readCredentials(options: CredentialsOptions): Promise<CredentialsReading> {
  const files = new Map<unknown, Promise<Loaded>>();
  const load = (origin: Origin, content: Content): Promise<Loaded> => {
    const identity = content ?? `path ${resolve(origin.path ?? '')}`;
    const loading = files.get(identity) ?? loadDocument(origin, content, options.passphrase);
    files.set(identity, loading);
    return loading;
  };
  const certificateOrigin = chosen('cert', options.certFile);
  const keyOrigin = chosen('key', options.keyFile);
  const chainOrigin = chosen('chain', options.chainFile);
  const hasChain = options.chain !== undefined || options.chainFile !== undefined;
  const [certificate, key, chain] = await Promise.all([
    load(certificateOrigin, options.cert),
    load(keyOrigin, options.key),
    hasChain ? load(chainOrigin, options.chain) : undefined,
  ]);
  const findings = [...certificate.findings, ...key.findings, ...(chain?.findings ?? [])];
  const documents = [certificate.document, key.document, chain?.document];
  const base = { certificateOrigin, keyOrigin, keyMode: key.document?.mode };
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
  const keyReading = key.document && readPrivateKey(withOrigin(key.document, keyOrigin), options.passphrase);
  // With a damaged certificate nobody knows which one is the device's; the damage is the finding.
  const leafCertificates = leafReading?.findings.length === 0 ? leafReading.certificates : [];
  const chainComplete = chain === undefined || (chainReading?.findings ?? chain.findings).length === 0;
  return {
    ...base,
    // Without the option's own certificate the chain's would be mistaken for the device's.
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
  const name: SourceOption = path === undefined ? option : `${option}File`;
  return originOf(name, path);
}

async function loadDocument(
  origin: Origin,
  content: Content,
  passphrase: string | undefined,
): Promise<Loaded> {
  const { bytes, mode, findings } = await readSource(origin, content);
  if (bytes === undefined) return { document: undefined, findings };
  const { document, finding } = openDocument(parseDocument(origin, bytes, mode), passphrase);
  return { document, findings: finding === undefined ? [] : [finding] };
}

function withOrigin(document: Document, origin: Origin): Document {
  return { ...document, origin };
}

/** Certificate in the key's option and key in the certificate's: one mistake, one finding. */
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

/** Adds the severities, and says the same thing only once. */
function graded(findings: readonly ReadingFinding[]): Finding[] {
  const unique = new Map(findings.map((finding) => [`${finding.rule}\n${finding.message}`, finding]));
  return [...unique.values()].map(({ rule, message, remedy }) => ({
    rule,
    severity: READING_RULES[rule].severity,
    message,
    remedy,
  }));
}
