/** The place of one DER element in the bytes that hold it. */
export interface DerElement {
  /** The identifier octet. */
  readonly tag: number;
  readonly start: number;
  readonly contentStart: number;
  /** The offset behind the last content octet. */
  readonly end: number;
}

/** The identifier octets that occur in certificates and keys. */
export const Tag = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  objectIdentifier: 0x06,
  utf8String: 0x0c,
  bmpString: 0x1e,
  sequence: 0x30,
  utcTime: 0x17,
  generalizedTime: 0x18,
  context0: 0xa0,
  context3: 0xa3,
} as const;

/** The largest number of parts of a structure. No certificate or key has more. */
const MAX_CHILDREN = 4096;

/**
 * Reads the element at `offset`, or answers `undefined` if none starts there. The end of a truncated element lies
 * beyond the given bytes. An element of indefinite length (BER) ends with the bytes.
 */
export function readElement(bytes: Uint8Array, offset: number): DerElement | undefined {
  const tag = bytes[offset];
  const first = bytes[offset + 1];
  if (tag === undefined || first === undefined || (tag & 0x1f) === 0x1f) return undefined;
  if (first < 0x80) return { tag, start: offset, contentStart: offset + 2, end: offset + 2 + first };
  if (first === 0x80) return { tag, start: offset, contentStart: offset + 2, end: bytes.length };
  const lengthOctets = first & 0x7f;
  if (lengthOctets > 4) return undefined;
  let length = 0;
  for (let index = 0; index < lengthOctets; index++) {
    const octet = bytes[offset + 2 + index];
    if (octet === undefined) return undefined;
    length = length * 256 + octet;
  }
  const contentStart = offset + 2 + lengthOctets;
  return { tag, start: offset, contentStart, end: contentStart + length };
}

/** The parts of a constructed element, up to the first one that is malformed or reaches beyond it. */
export function childrenOf(bytes: Uint8Array, parent: DerElement): DerElement[] {
  const children: DerElement[] = [];
  const limit = Math.min(parent.end, bytes.length);
  for (let offset = parent.contentStart; offset < limit && children.length < MAX_CHILDREN;) {
    const child = readElement(bytes, offset);
    if (child === undefined || child.end > limit) break;
    children.push(child);
    offset = child.end;
  }
  return children;
}

/** The content octets of an element. */
export function contentOf(bytes: Buffer, element: DerElement): Buffer {
  return bytes.subarray(element.contentStart, element.end);
}

/** An object identifier in dotted form, or an empty string for another element. */
export function readObjectIdentifier(bytes: Buffer, element: DerElement | undefined): string {
  if (element?.tag !== Tag.objectIdentifier) return '';
  const arcs: number[] = [];
  let arc = 0;
  for (const octet of contentOf(bytes, element)) {
    arc = arc * 128 + (octet & 0x7f);
    if (octet >= 0x80) continue;
    if (arcs.length === 0)
      arcs.push(Math.min(Math.floor(arc / 40), 2), arc - Math.min(Math.floor(arc / 40), 2) * 40);
    else arcs.push(arc);
    arc = 0;
  }
  return arcs.join('.');
}

/** A non-negative INTEGER. `Infinity` if it has more than 48 bits, `undefined` for another element. */
export function readInteger(bytes: Buffer, element: DerElement | undefined): number | undefined {
  if (element?.tag !== Tag.integer) return undefined;
  const content = contentOf(bytes, element);
  const significant = content[0] === 0 ? content.subarray(1) : content;
  return significant.length > 6
    ? Infinity
    : [...significant].reduce((value, octet) => value * 256 + octet, 0);
}
