import type { KeyObject, X509Certificate } from 'node:crypto';

/** The fingerprints of a certificate in hexadecimal digits without colons, as IoT Hub writes them. */
export interface Thumbprint {
  readonly sha1: string;
  readonly sha256: string;
}

/**
 * What a device presents to Azure: its certificate with the chain, and the private key. The key is only handed out by
 * {@link KeyMaterial.toX509}; it is not part of what inspection, JSON or enumeration show.
 */
export class KeyMaterial {
  /** The leaf. */
  readonly certificate: X509Certificate;
  /** The certificates sent after the leaf, nearest issuer first. */
  readonly chain: readonly X509Certificate[];
  /** Leaf and chain as PEM, in the order in which TLS sends them. */
  readonly certPem: string;
  readonly thumbprint: Thumbprint;
  readonly #key: string;

  constructor(certificate: X509Certificate, chain: readonly X509Certificate[], key: KeyObject) {
    this.certificate = certificate;
    this.chain = chain;
    this.certPem = [certificate, ...chain].map((one) => one.toString()).join('');
    this.thumbprint = {
      sha1: certificate.fingerprint.replaceAll(':', ''),
      sha256: certificate.fingerprint256.replaceAll(':', ''),
    };
    this.#key = key.export({ type: 'pkcs8', format: 'pem' }).toString();
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
