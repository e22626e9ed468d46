import { childrenOf, contentOf, readObjectIdentifier, Tag, type DerElement } from './der';
import { binaryItem, type Document, type Item } from './document';
import { Pkcs12Cipher, Pkcs12Error, outermost, secretsOf, type Pkcs12Failure } from './pkcs12-crypto';
import type { ReadingFinding } from './problem';
import { newFile } from './source';

const DATA = '1.2.840.113549.1.7.1';
const ENCRYPTED_DATA = '1.2.840.113549.1.7.6';
const BAGS = '1.2.840.113549.1.12.10.1.';
const BAG = {
  key: `${BAGS}1`,
  shroudedKey: `${BAGS}2`,
  certificate: `${BAGS}3`,
} as const;

/** The identifier octet of a primitive element with the implicit tag [0]. */
const IMPLICIT_0 = 0x80;

/** A document whose PKCS#12 file is opened, or the reason why it could not be. */
interface OpenedDocument {
  readonly document: Document | undefined;
  readonly findings: readonly ReadingFinding[];
}

/** Takes certificates and keys out of a PKCS#12 file (RFC 7292). Other documents stay as they are. */
export function openPkcs12(document: Document, passphrase: string | undefined): OpenedDocument {
  const container = document.items.find(({ kind, damage }) => kind === 'pkcs12' && damage === undefined);
  if (container === undefined) return { document, findings: [] };
  let failure: Pkcs12Failure = { kind: 'passphrase' };
  for (const secret of secretsOf(passphrase)) {
    try {
      const items = readContainer(container.der, new Pkcs12Cipher(secret));
      return { document: { ...document, items, decrypted: true }, findings: [] };
    } catch (error) {
      if (!(error instanceof Pkcs12Error)) throw error;
      // Another failure than a wrong passphrase shows that the passphrase fits, and tells more.
      if (failure.kind === 'passphrase') failure = error.failure;
    }
  }
  return { document: undefined, findings: [explain(document, failure, passphrase)] };
}

function readContainer(der: Buffer, cipher: Pkcs12Cipher): Item[] {
  const [, contentInfo, macData] = childrenOf(der, outermost(der));
  const safe = dataOf(der, contentInfo);
  // Without a MAC (openssl -nomac), a wrong passphrase shows in the padding.
  if (macData !== undefined && !cipher.verifies(der, macData, safe))
    throw new Pkcs12Error({ kind: 'passphrase' });
  try {
    const items = childrenOf(safe, outermost(safe)).flatMap((part) => {
      const contents = contentsOf(safe, part, cipher);
      return childrenOf(contents, outermost(contents)).flatMap((bag) => readBag(contents, bag, cipher));
    });
    const known = items.filter(({ kind }) => kind !== 'unknown');
    // Without a MAC, the certificates may not be encrypted, and a key that is none shows the wrong passphrase.
    if (known.length > 0 && (macData !== undefined || known.length === items.length)) return items;
  } catch (error) {
    if (!(error instanceof Pkcs12Error) || error.failure.kind !== 'malformed') throw error;
  }
  // With a wrong passphrase, the padding looks right once in 256 times. A MAC rules that out.
  throw new Pkcs12Error({ kind: macData === undefined ? 'passphrase' : 'malformed' });
}

/** The octets of a ContentInfo of type data. */
function dataOf(der: Buffer, contentInfo: DerElement | undefined): Buffer {
  const [type, wrapper] = contentInfo === undefined ? [] : childrenOf(der, contentInfo);
  const [octets] = wrapper === undefined ? [] : childrenOf(der, wrapper);
  if (readObjectIdentifier(der, type) !== DATA || octets?.tag !== Tag.octetString)
    throw new Pkcs12Error({ kind: 'malformed' });
  return contentOf(der, octets);
}

/** The content of one part of the safe, decrypted if it is encrypted. */
function contentsOf(der: Buffer, part: DerElement, cipher: Pkcs12Cipher): Buffer {
  const [type, wrapper] = childrenOf(der, part);
  if (readObjectIdentifier(der, type) !== ENCRYPTED_DATA) return dataOf(der, part);
  const [data] = wrapper === undefined ? [] : childrenOf(der, wrapper);
  const info = data === undefined ? undefined : childrenOf(der, data)[1];
  const [, algorithm, encrypted] = info === undefined ? [] : childrenOf(der, info);
  if (algorithm === undefined || encrypted?.tag !== IMPLICIT_0) throw new Pkcs12Error({ kind: 'malformed' });
  return cipher.decrypt(der, algorithm, contentOf(der, encrypted));
}

/** The items of one bag. Revocation lists, secrets and nested safes are left out: a device needs none of them. */
function readBag(der: Buffer, bag: DerElement, cipher: Pkcs12Cipher): Item[] {
  const [type, wrapper] = childrenOf(der, bag);
  const [value] = wrapper === undefined ? [] : childrenOf(der, wrapper);
  if (value === undefined) return [];
  switch (readObjectIdentifier(der, type)) {
    case BAG.key:
      return [binaryItem(Buffer.from(der.subarray(value.start, value.end)))];
    case BAG.shroudedKey: {
      const [algorithm, encrypted] = childrenOf(der, value);
      if (algorithm === undefined || encrypted === undefined) return [];
      return [binaryItem(cipher.decrypt(der, algorithm, contentOf(der, encrypted)))];
    }
    case BAG.certificate: {
      const [, certificate] = childrenOf(der, value);
      const [octets] = certificate === undefined ? [] : childrenOf(der, certificate);
      return octets === undefined ? [] : [binaryItem(Buffer.from(contentOf(der, octets)))];
    }
    default:
      return [];
  }
}

function explain(
  { origin }: Document,
  failure: Pkcs12Failure,
  passphrase: string | undefined,
): ReadingFinding {
  const converted = newFile(origin, '.pem');
  const convert = (options: string): string =>
    `openssl pkcs12 -in ${origin.word} ${options}-nodes -out ${converted}; then set certFile and keyFile to ${converted}.`;
  switch (failure.kind) {
    case 'passphrase':
      return passphrase === undefined
        ? {
            rule: 'passphrase-given',
            message: `The PKCS#12 file in ${origin.label} is encrypted, but option passphrase is not given.`,
            remedy: `Set option passphrase, or convert the file: ${convert('')}`,
          }
        : {
            rule: 'passphrase-correct',
            message: `Option passphrase does not open the PKCS#12 file in ${origin.label}.`,
            remedy: `Try the passphrase by hand: openssl pkcs12 -in ${origin.word} -noout. White space at its end, as of a file that it was read from, counts.`,
          };
    case 'unsupported':
      return {
        rule: 'key-encryption-supported',
        message: `The PKCS#12 file in ${origin.label} is protected with ${failure.scheme}, which is not supported.`,
        remedy: `Convert it: ${convert('-legacy ')}`,
      };
    case 'rounds':
      return {
        rule: 'key-encryption-supported',
        message: `The PKCS#12 file in ${origin.label} demands so many rounds of key derivation (${failure.rounds} at once) that they would block the process for seconds.`,
        remedy: `Convert it: ${convert('')}`,
      };
    case 'malformed':
      return {
        rule: 'pkcs12-readable',
        message: `The PKCS#12 file in ${origin.label} cannot be taken apart: it is damaged, or not written in DER.`,
        remedy: `Convert it: ${convert('')}`,
      };
  }
}
