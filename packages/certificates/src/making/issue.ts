import { createPublicKey, randomBytes, webcrypto, X509Certificate, type KeyObject } from 'node:crypto';
import { OptionProblems } from '../options';
import { CertificateWithKey, type IssuedCertificate } from './issued-certificate';
import { readIssuer, type Issuer } from './issuer';
import { generatePrivateKey, importSigningKey, readKeyAlgorithm, signingAlgorithmOf } from './keys';
import type { CertificateOptions } from './options';
import type { Profile } from './profile';
import { buildSubject, checkCommonName, checkSubjectFields, type CommonNameRule } from './subject';
import { readValidity, type Validity } from './validity';
import { x509, type X509 } from './x509';

/** The properties in which the kinds of certificates differ. */
export interface CertificateKind {
  nameRule: CommonNameRule;
  defaultDays: number;
  profile: Profile;
  /** True if the certificate's own key signs it, and not the option `issuer`. */
  isSelfSigned: boolean;
  /** The names of options that only this kind has. */
  ownOptions?: readonly string[];
  /** Checks the options of this kind. The issuer is absent if it may not sign. */
  check?: (issuer: Issuer | undefined, problems: OptionProblems) => void;
}

/** The options of any kind. The common name is the option that `nameRule` names. */
type IssueOptions = Omit<CertificateOptions, 'commonName'> & {
  commonName?: string;
  verificationCode?: string;
  issuer?: IssuedCertificate;
};

/** 16 bytes, positive and without a leading zero byte (RFC 5280, 4.1.2.2). */
function randomSerialNumber(): string {
  const bytes = randomBytes(16);
  bytes[0] = ((bytes[0] ?? 0) & 0x3f) | 0x40;
  return bytes.toString('hex');
}

async function authorityKeyIdentifier(issuer: X509.X509Certificate): Promise<X509.Extension> {
  const { AuthorityKeyIdentifierExtension, SubjectKeyIdentifierExtension } = x509();
  const identifier = issuer.getExtension(SubjectKeyIdentifierExtension)?.keyId;
  return identifier === undefined
    ? AuthorityKeyIdentifierExtension.create(issuer.publicKey, false, webcrypto)
    : new AuthorityKeyIdentifierExtension(identifier);
}

/** Issuers as the generator takes them. Most of them sign more than once. */
const parsed = new WeakMap<X509Certificate, X509.X509Certificate>();

function parsedIssuer({ certificate }: Issuer): X509.X509Certificate {
  const known = parsed.get(certificate);
  if (known !== undefined) return known;
  const authority = new (x509().X509Certificate)(certificate.raw);
  parsed.set(certificate, authority);
  return authority;
}

async function sign(
  privateKey: KeyObject,
  subject: X509.Name,
  validity: Validity,
  profile: Profile,
  issuer: Issuer | undefined,
): Promise<X509Certificate> {
  const { SubjectKeyIdentifierExtension, X509CertificateGenerator } = x509();
  const ownAlgorithm = signingAlgorithmOf(privateKey);
  const signingAlgorithm = issuer?.algorithm ?? ownAlgorithm;
  if (ownAlgorithm === undefined || signingAlgorithm === undefined) {
    throw new TypeError('The generated key is of an unknown kind.');
  }
  const publicKey = createPublicKey(privateKey).export({ type: 'spki', format: 'der' });
  const extensions = profile(ownAlgorithm.name);
  extensions.push(await SubjectKeyIdentifierExtension.create(publicKey, false, webcrypto));
  const authority = issuer && parsedIssuer(issuer);
  if (authority !== undefined) extensions.push(await authorityKeyIdentifier(authority));
  const certificate = await X509CertificateGenerator.create(
    {
      serialNumber: randomSerialNumber(),
      subject,
      issuer: authority?.subjectName ?? subject,
      ...validity,
      publicKey,
      signingKey: await importSigningKey(issuer?.privateKey ?? privateKey, signingAlgorithm),
      signingAlgorithm,
      extensions,
    },
    webcrypto,
  );
  return new X509Certificate(Buffer.from(certificate.rawData));
}

/**
 * Makes a certificate of the kind: checks all options, generates the key pair and signs.
 *
 * @throws InvalidOptionsError listing every problem.
 */
export async function issueCertificate(
  options: IssueOptions,
  kind: CertificateKind,
): Promise<IssuedCertificate> {
  const problems = new OptionProblems();
  const { nameRule, ownOptions = [] } = kind;
  const needed = kind.isSelfSigned ? [nameRule.option] : [nameRule.option, 'issuer'];
  problems.addUnlessObject(options, `Pass an object with ${needed.join(' and ')}.`);
  problems.throwIfAny();
  problems.addUnknown(options, [...needed, 'subject', 'validity', 'keyAlgorithm', ...ownOptions]);
  const commonName: unknown = options[nameRule.option];
  checkCommonName(commonName, nameRule, problems);
  checkSubjectFields(options.subject, problems);
  const keyAlgorithm = readKeyAlgorithm(options.keyAlgorithm, problems);
  const issuer = kind.isSelfSigned ? undefined : readIssuer(options.issuer, problems);
  const validity = readValidity(options.validity, kind.defaultDays, issuer?.notAfter, problems);
  kind.check?.(issuer, problems);
  problems.throwIfAny();

  const privateKey = await generatePrivateKey(keyAlgorithm);
  const subject = buildSubject(String(commonName), options.subject);
  const certificate = await sign(privateKey, subject, validity, kind.profile, issuer);
  return new CertificateWithKey(certificate, issuer?.chain ?? [], privateKey);
}
