import { kindOfDer, kindOfLabel, describeText, type ContentKind } from './classify';
import { readElement, Tag } from './der';
import { normalizeText } from './normalize';
import type { Origin } from './origin';
import { scanPem, type PemBlock } from './pem';

/** One thing found in a file or an option. */
export interface Item {
  readonly kind: ContentKind;
  readonly der: Buffer;
  /** The line of its BEGIN, or `undefined` in binary content. */
  readonly line: number | undefined;
  readonly label: string;
  readonly encryption: PemBlock['encryption'];
  readonly damage: string | undefined;
}

/** A file or option, taken apart. */
export interface Document {
  readonly origin: Origin;
  readonly mode: number | undefined;
  readonly items: readonly Item[];
  readonly repairs: readonly string[];
  /** Whether the passphrase was used to take it apart (PKCS#12). */
  readonly decrypted: boolean;
  /** What it looks like when nothing was found in it; `empty` is a finding of its own. */
  readonly description: string;
}

/** Takes PEM, DER or Base64 apart. Anything is accepted; what it is, is said by the items. */
export function parseDocument(origin: Origin, bytes: Buffer, mode: number | undefined): Document {
  return { origin, mode, decrypted: false, ...parse(bytes, true) };
}

type Parsed = Omit<Document, 'origin' | 'mode' | 'decrypted'>;

function parse(bytes: Buffer, mayBeEncoded: boolean): Parsed {
  const binary = parseDer(bytes);
  if (binary !== undefined) return { items: [binary], repairs: [], description: '' };
  const { text, repairs } = normalizeText(bytes);
  if (text.trim() === '') return { items: [], repairs, description: 'empty' };
  const pem = scanPem(text);
  if (pem.blocks.length > 0) {
    return { items: pem.blocks.map(toItem), repairs: [...repairs, ...pem.repairs], description: '' };
  }
  return (
    (mayBeEncoded ? parseBase64(text) : undefined) ?? { items: [], repairs, description: describeText(text) }
  );
}

/** DER that fills the bytes, apart from line ends that an editor may have appended. */
function parseDer(bytes: Buffer): Item | undefined {
  const outer = readElement(bytes, 0);
  if (outer?.tag !== Tag.sequence || bytes.length < 16) return undefined;
  const isText = bytes.subarray(0, 64).every((octet) => octet >= 0x20 && octet < 0x7f);
  if (isText) return undefined;
  const kind = kindOfDer(bytes);
  const cutShort = outer.end > bytes.length;
  const surplus = bytes.subarray(outer.end).some((octet) => octet !== 10 && octet !== 13 && octet !== 0);
  if (kind === 'unknown' && !cutShort) return undefined;
  const der = bytes.subarray(0, outer.end);
  const damage = cutShort
    ? `is cut short: ${outer.end - bytes.length} of ${outer.end} bytes are missing`
    : surplus
      ? `is damaged: it has ${bytes.length - outer.end} bytes more than its content announces`
      : undefined;
  return { kind, der, line: undefined, label: '', encryption: undefined, damage };
}

/** Base64 without BEGIN and END lines: of DER, or of a whole PEM file, as secret stores hand it out. */
function parseBase64(text: string): Parsed | undefined {
  const compact = text.replace(/\s+/g, '');
  if (compact.length < 40 || !/^[A-Za-z0-9+/]+={0,2}$/.test(compact)) return undefined;
  const inner = parse(Buffer.from(compact, 'base64'), false);
  if (inner.items.length === 0 || inner.items.every(({ damage }) => damage !== undefined)) return undefined;
  const what =
    inner.items[0]?.line === undefined
      ? 'Base64 without BEGIN and END lines'
      : 'PEM encoded as Base64 once more';
  return { ...inner, repairs: [what, ...inner.repairs] };
}

function toItem(block: PemBlock): Item {
  const { label, line, der, encryption, damage } = block;
  const base = { der, line, label, encryption, damage };
  const promised = kindOfLabel(label);
  if (encryption !== undefined) return { ...base, kind: 'legacy-encrypted-key' };
  if (damage !== undefined) return { ...base, kind: promised };
  const found = kindOfDer(der);
  return { ...base, kind: found === 'unknown' || promised === 'openssh-key' ? promised : found };
}
