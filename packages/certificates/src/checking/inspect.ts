import { X509Certificate, type KeyObject } from 'node:crypto';
import { ENROLLMENT_KINDS } from '../enrollment';
import type { OptionProblem } from '../errors';
import { checkSource, OptionProblems, type CredentialsOptions } from '../options';
import { thumbprintOf, type Thumbprint } from '../reading/certificate';
import { arrangeCertificates } from '../reading/chain';
import { readCredentials } from '../reading/credentials';
import { READING_RULES } from '../reading/problem';
import type { CredentialsReport } from '../report';
import { list, quote } from '../text';
import { applyRules, RULES } from './rules';

/** The report, and the credentials that it is about. */
interface InspectedCredentials {
  readonly report: CredentialsReport;
  /** Present if certificate and key could be read, even if the report has errors. Check `report.ok` first. */
  readonly material: KeyMaterial | undefined;
}

/**
 * Reads certificate, chain and key and applies every rule, without touching the network. Every deviation is a finding.
 * The options must be valid.
 */
export async function inspectCredentials(
  options: CredentialsOptions,
  now: Date = new Date(),
): Promise<InspectedCredentials> {
  const { given, fromLeafOption, findings: readingFindings, ...reading } = await readCredentials(options);
  const { key } = reading;
  const certificates = arrangeCertificates(given, fromLeafOption, key, now);
  const { enrollment, registrationId, skipChecks } = options;
  const context = { ...reading, enrollment, now, registrationId, certificates };
  const findings = [...readingFindings, ...applyRules(context, new Set(skipChecks))];
  const certificate = certificates?.leaf.x509;
  const chain = certificates?.chain.map(({ x509 }) => x509) ?? [];
  const commonName = certificates?.leaf.commonNames[0];
  const report: CredentialsReport = {
    ok: findings.every(({ severity }) => severity !== 'error'),
    registrationId: registrationId ?? (commonName === '' ? undefined : commonName),
    certificate,
    chain,
    findings,
  };
  const isComplete = certificate !== undefined && key !== undefined;
  return { report, material: isComplete ? new KeyMaterial(certificate, chain, key) : undefined };
}

/**
 * The problems of the options that types cannot exclude or that JavaScript callers make. The value of a secret is never
 * repeated. Options that {@link CredentialsOptions} does not have are ignored.
 */
export function validateCredentialsOptions(options: CredentialsOptions): readonly OptionProblem[] {
  const problems = new OptionProblems();
  if (problems.addUnlessObject(options, 'Pass enrollment, certFile and keyFile.')) {
    const values: Readonly<Record<string, unknown>> = { ...options };
    checkEnrollment(values['enrollment'], problems);
    checkSource(values, 'cert', problems);
    checkSource(values, 'key', problems);
    checkSource(values, 'chain', problems);
    checkText(values, 'passphrase', problems);
    checkText(values, 'registrationId', problems);
    checkSkipped(values['skipChecks'], problems);
  }
  return problems.all;
}

function checkEnrollment(value: unknown, problems: OptionProblems): void {
  if (typeof value === 'string' && (ENROLLMENT_KINDS as readonly string[]).includes(value)) return;
  const given = typeof value === 'string' ? quote(value) : `a ${typeof value}`;
  problems.add(
    'enrollment',
    value === undefined ? 'is missing.' : `is ${given}, which is no kind of enrollment.`,
    `Set enrollment to one of ${list(ENROLLMENT_KINDS.map(quote))}.`,
  );
}

function checkText(
  values: Readonly<Record<string, unknown>>,
  option: 'passphrase' | 'registrationId',
  problems: OptionProblems,
): void {
  const value = values[option];
  if (value !== undefined && typeof value !== 'string') {
    const message = `must be a string, not a ${typeof value}.`;
    problems.add(option, message, `Set ${option} to a string or leave it out.`);
  } else if (option === 'registrationId' && value === '') {
    const remedy = 'Leave registrationId out: the common name of the certificate is used then.';
    problems.add(option, 'is empty.', remedy);
  }
}

function checkSkipped(value: unknown, problems: OptionProblems): void {
  if (value === undefined) return;
  const names = RULES.map(({ name }) => name);
  const remedy = `The names are: ${names.join(', ')}.`;
  if (!Array.isArray(value) || !value.every((name) => typeof name === 'string')) {
    problems.add('skipChecks', 'must be an array of rule names.', remedy);
    return;
  }
  for (const name of new Set<string>(value)) {
    if (names.includes(name)) continue;
    const message = Object.hasOwn(READING_RULES, name)
      ? `names ${quote(name)}, which cannot be skipped: without it there is nothing to present.`
      : `names the unknown rule ${quote(name)}.`;
    problems.add('skipChecks', message, remedy);
  }
}

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;

/**
 * The credentials that a device presents to Azure: certificate, chain and private key. Inspection, JSON and enumeration
 * do not show the key; only {@link KeyMaterial.toX509} returns it.
 *
 * It lives as long as the connection and holds PEM text only: parsed certificates take several times the memory.
 */
export class KeyMaterial {
  /** Leaf and chain as PEM, in the order in which TLS sends them. */
  readonly certPem: string;
  readonly #x509: Readonly<{ cert: string; key: string }>;

  constructor(certificate: X509Certificate, chain: readonly X509Certificate[], key: KeyObject) {
    this.certPem = [certificate, ...chain].map((one) => one.toString()).join('');
    const pem = key.export({ type: 'pkcs8', format: 'pem' }).toString();
    this.#x509 = Object.freeze({ cert: this.certPem, key: pem });
  }

  /** The leaf, parsed anew each time. */
  get certificate(): X509Certificate {
    return new X509Certificate(this.certPem);
  }

  /** The certificates sent after the leaf, nearest issuer first, parsed anew each time. */
  get chain(): readonly X509Certificate[] {
    const [, ...chain] = this.certPem.match(CERTIFICATE) ?? [];
    return chain.map((pem) => new X509Certificate(pem));
  }

  /** The thumbprints of the leaf. */
  get thumbprint(): Thumbprint {
    return thumbprintOf(this.certificate);
  }

  /**
   * Certificates and unencrypted private key (PKCS#8) as PEM, in the form that the Azure SDK and node:tls take. Always
   * the same object, by which the parsed form is found again.
   */
  toX509(): Readonly<{ cert: string; key: string }> {
    return this.#x509;
  }

  /** Certificates and thumbprints, never the key. */
  toJSON(): { certPem: string; thumbprint: Thumbprint } {
    return { certPem: this.certPem, thumbprint: this.thumbprint };
  }
}
