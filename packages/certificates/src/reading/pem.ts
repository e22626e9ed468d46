import { readElement, Tag } from './der';

/** One PEM block, decoded, or what is damaged about it. */
export interface PemBlock {
  /** What stands behind `BEGIN`, e.g. `CERTIFICATE`. */
  readonly label: string;
  /** The line of its `BEGIN`, from 1. */
  readonly line: number;
  readonly der: Buffer;
  /** The parameters of the traditional encryption (`Proc-Type: 4,ENCRYPTED`). */
  readonly encryption: { readonly cipher: string; readonly iv: string } | undefined;
  /** What is damaged, as the end of a sentence that starts with the block. */
  readonly damage: string | undefined;
}

/** The blocks of a text and what deviates from the strict format around them. */
export interface PemText {
  readonly blocks: readonly PemBlock[];
  readonly repairs: readonly string[];
}

// Every repetition is bounded: a megabyte of dashes or spaces must cost linear time.
const MARKER = /(-{2,12})[ \t]{0,4}(BEGIN|END)[ \t]{1,4}([A-Z0-9][A-Z0-9 ]{0,40}?)[ \t]{0,4}(-{2,12})/g;
const ENCRYPTION = /DEK-Info\s{0,8}:\s{0,8}([A-Za-z0-9-]{1,40})\s{0,8},\s{0,8}([0-9A-Fa-f]{1,64})/;
const MAX_BLOCKS = 2000;

interface Marker {
  readonly kind: 'BEGIN' | 'END';
  readonly label: string;
  readonly start: number;
  readonly end: number;
  readonly line: number;
}

/** Finds the PEM blocks of a text in one pass. */
export function scanPem(text: string): PemText {
  const repairs = new Set<string>();
  const blocks: PemBlock[] = [];
  let begin: Marker | undefined;
  let outside = 0;
  for (const marker of markersOf(text, repairs)) {
    if (blocks.length >= MAX_BLOCKS) break;
    if (marker.kind === 'BEGIN') {
      if (begin === undefined) noteSurroundings(text.slice(outside, marker.start), repairs);
      else
        blocks.push(
          broken(
            begin,
            `has no END line before the next block begins in line ${marker.line}: it is cut short`,
          ),
        );
      begin = marker;
      continue;
    }
    if (begin === undefined) {
      blocks.push(broken(marker, 'has an END line, but no BEGIN line: its first part is missing'));
    } else {
      blocks.push(decodeBlock(begin, marker, text, repairs));
    }
    begin = undefined;
    outside = marker.end;
  }
  if (begin !== undefined) blocks.push(broken(begin, 'has no END line: the text is cut short'));
  else if (blocks.length > 0) noteSurroundings(text.slice(outside), repairs);
  return { blocks, repairs: [...repairs] };
}

function* markersOf(text: string, repairs: Set<string>): Generator<Marker> {
  let line = 1;
  let counted = 0;
  for (const match of text.matchAll(MARKER)) {
    const [whole, before = '', kind, label = '', after = ''] = match;
    for (; counted < match.index; counted++) if (text.charCodeAt(counted) === 10) line++;
    if (before.length !== 5 || after.length !== 5)
      repairs.add('BEGIN or END lines without exactly five dashes');
    yield { kind: kind as Marker['kind'], label, start: match.index, end: match.index + whole.length, line };
  }
}

function noteSurroundings(text: string, repairs: Set<string>): void {
  if (text.trim() !== '') repairs.add('text outside the PEM blocks');
}

function broken(marker: Marker, damage: string): PemBlock {
  return { label: marker.label, line: marker.line, der: Buffer.alloc(0), encryption: undefined, damage };
}

function decodeBlock(begin: Marker, end: Marker, text: string, repairs: Set<string>): PemBlock {
  let body = text.slice(begin.end, end.start);
  const encryptionMatch = ENCRYPTION.exec(body);
  let encryption: PemBlock['encryption'];
  let firstLine = begin.line;
  if (encryptionMatch !== null) {
    const [whole, cipher = '', iv = ''] = encryptionMatch;
    const headersEnd = encryptionMatch.index + whole.length;
    encryption = { cipher: cipher.toUpperCase(), iv: iv.toUpperCase() };
    firstLine += body.slice(0, headersEnd).split('\n').length - 1;
    body = body.slice(headersEnd);
  }
  const lines = body.split('\n');
  if (!body.trim().includes('\n') && body.trim().length > 76) repairs.add('a PEM block in a single line');
  else if (lines.some((line, index) => index > 0 && line !== '' && line.trim() !== line))
    repairs.add('stray white space');
  const compact = body.replace(/\s+/g, '');
  const der = Buffer.from(compact, 'base64');
  const damage =
    (begin.label === end.label ? undefined : `ends as ${end.label} in line ${end.line}`) ??
    alphabetDamage(lines, firstLine) ??
    (encryption === undefined ? structureDamage(der, begin.label, lines, firstLine) : emptyDamage(der));
  return { label: begin.label, line: begin.line, der, encryption, damage };
}

function alphabetDamage(lines: readonly string[], firstLine: number): string | undefined {
  let ended = false;
  for (const [index, line] of lines.entries()) {
    const bare = line.trim();
    if (bare === '') continue;
    const foreign = /[^A-Za-z0-9+/=\s]/.exec(bare);
    if (foreign !== null)
      return `is damaged: line ${firstLine + index} holds a character that Base64 does not have`;
    const padding = bare.indexOf('=');
    if (ended || (padding >= 0 && !/^={1,2}$/.test(bare.slice(padding)))) {
      return `is damaged: Base64 ends before line ${firstLine + index} does`;
    }
    ended = padding >= 0;
  }
  return undefined;
}

function emptyDamage(der: Buffer): string | undefined {
  return der.length === 0 ? 'is empty' : undefined;
}

function structureDamage(
  der: Buffer,
  label: string,
  lines: readonly string[],
  firstLine: number,
): string | undefined {
  if (der.length === 0) return 'is empty';
  if (/OPENSSH|SSH2|PGP/.test(label)) return undefined;
  const outer = readElement(der, 0);
  if (outer?.tag !== Tag.sequence)
    return `is damaged: its content does not start as it must (line ${firstLine + 1})`;
  const suspect = unevenLine(lines, firstLine);
  if (outer.end > der.length) {
    return `is cut short: ${outer.end - der.length} of ${outer.end} bytes are missing${suspect}`;
  }
  // OpenSSL appends its trust settings to a TRUSTED CERTIFICATE.
  if (outer.end < der.length && !label.startsWith('TRUSTED')) {
    return `is damaged: it has ${der.length - outer.end} bytes more than its content announces${suspect}`;
  }
  return undefined;
}

/** PEM lines have one length, except the last: another length shows where characters were lost. */
function unevenLine(lines: readonly string[], firstLine: number): string {
  const lengths = lines.map((line) => line.trim().length);
  const last = lengths.findLastIndex((length) => length > 0);
  const usual = Math.max(0, ...lengths.slice(0, 64));
  const odd = lengths.findIndex((length, index) => index < last && length > 0 && length !== usual);
  if (odd >= 0) return `; line ${firstLine + odd} has ${lengths[odd] ?? 0} characters, others have ${usual}`;
  return `; its last line is line ${firstLine + Math.max(last, 0)}`;
}
