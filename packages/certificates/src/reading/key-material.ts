import { X509Certificate, type KeyObject } from 'node:crypto';

/** The fingerprints of a certificate in upper-case hexadecimal digits without colons, as IoT Hub writes them. */
export interface Thumbprint {
  readonly sha1: string;
  readonly sha256: string;
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
  readonly #key: string;

  constructor(certificate: X509Certificate, chain: readonly X509Certificate[], key: KeyObject) {
    this.certPem = [certificate, ...chain].map((one) => one.toString()).join('');
    this.#key = key.export({ type: 'pkcs8', format: 'pem' }).toString();
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
    const { fingerprint, fingerprint256 } = this.certificate;
    return { sha1: fingerprint.replaceAll(':', ''), sha256: fingerprint256.replaceAll(':', '') };
  }

  /** Certificates and unencrypted private key (PKCS#8) as PEM, in the form that the Azure SDK and node:tls take. */
  toX509(): { cert: string; key: string } {
    return { cert: this.certPem, key: this.#key };
  }

  /** Certificates and thumbprints, never the key. */
  toJSON(): { certPem: string; thumbprint: Thumbprint } {
    return { certPem: this.certPem, thumbprint: this.thumbprint };
  }
}
