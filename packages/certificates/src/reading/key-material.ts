import { X509Certificate, type KeyObject } from 'node:crypto';

/** The fingerprints of a certificate in hexadecimal digits without colons, as IoT Hub writes them. */
export interface Thumbprint {
  readonly sha1: string;
  readonly sha256: string;
}

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;

/**
 * What a device presents to Azure: its certificate with the chain, and the private key. The key is only handed out by
 * {@link KeyMaterial.toX509}; it is not part of what inspection, JSON or enumeration show.
 *
 * It lives as long as the connection and keeps nothing but text: certificates that are parsed take up several times as
 * much memory, and are needed rarely.
 */
export class KeyMaterial {
  /** Leaf and chain as PEM, in the order in which TLS sends them. */
  readonly certPem: string;
  readonly #key: string;

  constructor(certificate: X509Certificate, chain: readonly X509Certificate[], key: KeyObject) {
    this.certPem = [certificate, ...chain].map((one) => one.toString()).join('');
    this.#key = key.export({ type: 'pkcs8', format: 'pem' }).toString();
  }

  /** The leaf. Parsed anew each time. */
  get certificate(): X509Certificate {
    return new X509Certificate(this.certPem);
  }

  /** The certificates sent after the leaf, nearest issuer first. Parsed anew each time. */
  get chain(): readonly X509Certificate[] {
    const [, ...chain] = this.certPem.match(CERTIFICATE) ?? [];
    return chain.map((pem) => new X509Certificate(pem));
  }

  /** Of the leaf. */
  get thumbprint(): Thumbprint {
    const { fingerprint, fingerprint256 } = this.certificate;
    return { sha1: fingerprint.replaceAll(':', ''), sha256: fingerprint256.replaceAll(':', '') };
  }

  /** Certificate and unencrypted private key (PKCS#8) as PEM, in the form that the Azure SDK and node:tls take. */
  toX509(): { cert: string; key: string } {
    return { cert: this.certPem, key: this.#key };
  }

  /** What JSON shows: certificates and fingerprints, never the key. */
  toJSON(): { certPem: string; thumbprint: Thumbprint } {
    return { certPem: this.certPem, thumbprint: this.thumbprint };
  }
}
