import { X509Certificate, type KeyObject } from 'node:crypto';
import { inspect, types } from 'node:util';
import { checkPassphrase, OptionProblems } from '../options';
import { thumbprintOf } from '../reading/certificate';

/**
 * A certificate with its private key: the result of `loadCertificate` and of the create functions, and the `issuer` of
 * further certificates. Neither `console.log` nor `JSON.stringify` shows the key.
 */
export interface IssuedCertificate {
  /** This one certificate, as PEM. Upload it to an individual enrollment, or as the CA of a group. */
  readonly certificate: string;
  /** The intermediates above it as PEM, nearest first. Never the self-signed root, which DPS does not need. */
  readonly chain: readonly string[];
  /** Certificate and chain in one PEM text, leaf first as TLS wants it: a device passes it as `cert`. */
  readonly fullChain: string;
  /** The certificate parsed. */
  readonly x509: X509Certificate;
  /** SHA-1 thumbprint, 40 upper-case hexadecimal digits without colons, as the Azure portal shows it. */
  readonly thumbprint: string;
  /** SHA-256 thumbprint, 64 upper-case hexadecimal digits without colons. */
  readonly sha256Thumbprint: string;
  /** The private key as unencrypted PKCS#8 PEM: a device passes it as `key`. */
  readonly privateKey: string;
  /**
   * The private key as PKCS#8 PEM, encrypted with AES-256-CBC when a passphrase is given.
   *
   * @param passphrase - 1 to 1024 bytes as UTF-8. Default: none, the key is not encrypted.
   * @throws InvalidOptionsError when the passphrase is empty or too long.
   */
  exportPrivateKey(passphrase?: string): string;
}

/** The reason why the value is no {@link IssuedCertificate}, as the end of a sentence, or `undefined`. */
export function issuedCertificateProblem(value: unknown): string | undefined {
  if (value === undefined) return 'is missing.';
  if (types.isPromise(value)) return 'is a promise: await it first.';
  const { x509, chain, privateKey, exportPrivateKey } = Object(value) as Partial<
    Record<keyof IssuedCertificate, unknown>
  >;
  const isComplete =
    x509 instanceof X509Certificate &&
    Array.isArray(chain) &&
    typeof privateKey === 'string' &&
    typeof exportPrivateKey === 'function';
  return isComplete ? undefined : 'is not a certificate with its key.';
}

/** The only implementation of {@link IssuedCertificate}. */
export class CertificateWithKey implements IssuedCertificate {
  readonly certificate: string;
  readonly chain: readonly string[];
  readonly fullChain: string;
  readonly x509: X509Certificate;
  readonly thumbprint: string;
  readonly sha256Thumbprint: string;
  readonly #privateKey: KeyObject;

  constructor(x509: X509Certificate, chain: readonly string[], privateKey: KeyObject) {
    this.x509 = x509;
    this.certificate = x509.toString();
    this.chain = Object.freeze([...chain]);
    this.fullChain = [this.certificate, ...chain].join('');
    const { sha1, sha256 } = thumbprintOf(x509);
    this.thumbprint = sha1;
    this.sha256Thumbprint = sha256;
    this.#privateKey = privateKey;
  }

  get privateKey(): string {
    return this.exportPrivateKey();
  }

  exportPrivateKey(passphrase?: string): string {
    const problems = new OptionProblems();
    checkPassphrase(passphrase, problems);
    problems.throwIfAny();
    const encryption = passphrase === undefined ? {} : { cipher: 'aes-256-cbc', passphrase };
    return this.#privateKey.export({ type: 'pkcs8', format: 'pem', ...encryption }).toString();
  }

  toJSON(): Record<string, unknown> {
    const { certificate, chain, thumbprint, sha256Thumbprint } = this;
    return { certificate, chain, thumbprint, sha256Thumbprint };
  }

  // Without this function, inspecting with `getters: true` and `showHidden: true` prints the private key.
  [inspect.custom](): string {
    const { subject, issuer, validTo } = this.x509;
    const fields = {
      subject,
      issuer,
      validTo,
      thumbprint: this.thumbprint,
      intermediates: this.chain.length,
    };
    return `IssuedCertificate ${inspect(fields)}`;
  }
}
