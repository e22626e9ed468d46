const CERTIFICATE_BLOCK = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;
const KEY_BLOCK = /-----BEGIN ((?:RSA |EC |ENCRYPTED )?PRIVATE KEY)-----[\s\S]+?-----END \1-----/;

// White space around a line is harmless damage of copying; the parser would refuse it.
function tidy(block: string): string {
  return block.replaceAll(/[^\S\n]*\r?\n[^\S\n]*/g, '\n');
}

/** The certificates in a PEM text, in their order; whatever stands around them is left out. */
export function findCertificates(text: string): string[] {
  return Array.from(text.matchAll(CERTIFICATE_BLOCK), ([block]) => tidy(block));
}

/** The private key in a PEM text: PKCS#8, PKCS#1 (RSA) or SEC1 (EC), encrypted or not. */
export function findPrivateKey(text: string): string | undefined {
  const block = KEY_BLOCK.exec(text)?.[0];
  return block === undefined ? undefined : tidy(block);
}

/** Whether the key is encrypted: as PKCS#8, or as OpenSSL did before it. */
export function isEncryptedKey(pem: string): boolean {
  return pem.startsWith('-----BEGIN ENCRYPTED') || pem.includes('Proc-Type: 4,ENCRYPTED');
}
