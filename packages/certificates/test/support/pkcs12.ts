import { oid, tlv, type Made } from './make';

const DATA = '1.2.840.113549.1.7.1';
const BAGS = '1.2.840.113549.1.12.10.1';
const X509_CERTIFICATE = '1.2.840.113549.1.9.22.1';

const SEQUENCE = 0x30;
const OCTETS = 0x04;
const EXPLICIT = 0xa0;

/**
 * Makes a PKCS#12 file with certificate and encrypted key (RFC 7292), without openssl. It has no MAC, so that damage
 * reaches the structures inside.
 */
export function makePkcs12({ x509, privateKey }: Made, passphrase: string): Buffer {
  const encrypted = privateKey.export({ type: 'pkcs8', format: 'der', cipher: 'aes-256-cbc', passphrase });
  const certificate = tlv(SEQUENCE, oid(X509_CERTIFICATE), tlv(EXPLICIT, tlv(OCTETS, x509.raw)));
  const contents = tlv(SEQUENCE, bag('3', certificate), bag('2', encrypted));
  return tlv(SEQUENCE, tlv(2, Buffer.from([3])), data(tlv(SEQUENCE, data(contents))));
}

const bag = (type: string, value: Buffer): Buffer =>
  tlv(SEQUENCE, oid(`${BAGS}.${type}`), tlv(EXPLICIT, value));

const data = (content: Buffer): Buffer => tlv(SEQUENCE, oid(DATA), tlv(EXPLICIT, tlv(OCTETS, content)));
