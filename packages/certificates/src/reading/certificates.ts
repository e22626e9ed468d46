import { X509Certificate } from 'node:crypto';
import { factsOf, type CertificateFacts } from './facts';
import { readElement } from './der';
import type { Document, Item } from './document';
import { explainDamage, explainMissing } from './expectation';
import type { ReadingFinding } from './problem';

/** A device sends a few; a trust store with hundreds was given by mistake. */
const MAX_CERTIFICATES = 32;

/** The certificates of a document in the order given, or why there are none. */
export interface CertificatesReading {
  readonly certificates: readonly CertificateFacts[];
  readonly findings: readonly ReadingFinding[];
}

/** Reads every certificate of a document; a damaged one is a finding even when others are intact. */
export function readCertificates(document: Document): CertificatesReading {
  const items = document.items.filter(({ kind }) => kind === 'certificate');
  const intact = items.filter(({ damage }) => damage === undefined);
  if (intact.length === 0) return { certificates: [], findings: [explainMissing(document, 'certificate')] };
  if (intact.length > MAX_CERTIFICATES)
    return { certificates: [], findings: [tooMany(document, intact.length)] };
  const findings = items
    .filter((item) => item.damage !== undefined)
    .map((item) => explainDamage(document, item));
  const certificates: CertificateFacts[] = [];
  for (const item of intact) {
    const facts = parse(item);
    if (facts !== undefined) certificates.push(facts);
    else findings.push(unreadable(document, item));
  }
  return { certificates, findings };
}

function parse({ der }: Item): CertificateFacts | undefined {
  try {
    // A TRUSTED CERTIFICATE has OpenSSL's trust settings behind the certificate.
    return factsOf(new X509Certificate(der.subarray(0, readElement(der, 0)?.end)));
  } catch {
    return undefined;
  }
}

function unreadable({ origin }: Document, item: Item): ReadingFinding {
  const place = item.line === undefined ? '' : ` that starts in line ${item.line}`;
  return {
    rule: 'certificate-readable',
    message: `In ${origin.label}, the certificate${place} is damaged: it is complete, but OpenSSL cannot read it.`,
    remedy: `Copy it again from where it was made, and try: openssl x509 -in ${origin.word} -noout -text`,
  };
}

function tooMany({ origin }: Document, amount: number): ReadingFinding {
  return {
    rule: 'certificate-count',
    message: `${origin.subject} holds ${amount} certificates; at most ${MAX_CERTIFICATES} are read.`,
    remedy: `Set ${origin.option} to the device certificate with its intermediates, not to a list of trusted authorities.`,
  };
}
