import { decodeText } from '../text';
import { readElement, Tag } from './der';

/** One PEM block, decoded. */
export interface PemBlock {
  /** The text behind `BEGIN`, e.g. `CERTIFICATE`. */
  readonly label: string;
  /** The line of `BEGIN`, counted from 1. */
  readonly line: number;
  readonly der: Buffer;
  /** The parameters of the traditional encryption (`Proc-Type: 4,ENCRYPTED`). */
  readonly encryption: { readonly cipher: string; readonly iv: string } | undefined;
  /** The damage, if there is any, as the end of a sentence that starts with the block. */
  readonly damage: string | undefined;
}

/** The PEM blocks of a text. */
interface PemText {
  readonly blocks: readonly PemBlock[];
  /** The deviations from the strict format that were allowed for. */
  readonly repairs: readonly string[];
}

/** Decoded text without the damage that editors, mail programs, shells and web pages do to PEM. */
interface NormalizedText {
  readonly text: string;
  /** The names of the damage that was repaired. */
  readonly repairs: readonly string[];
}

interface Repair {
  readonly name: string;
  readonly pattern: RegExp;
  readonly replacement: string | ((escape: string, code: string) => string);
}

const characterOf = (_escape: string, code: string): string => String.fromCharCode(parseInt(code, 16));

/** The repairs in their order. Every pattern is a class or a short literal: hostile input costs linear time. */
const REPAIRS: readonly Repair[] = [
  { name: 'line breaks written as \\n', pattern: /\\{1,2}(?:r\\{1,2})?n|`(?:r`)?n/g, replacement: '\n' },
  { name: 'characters escaped with \\', pattern: /\\{1,2}u00(2[bdfBDF]|3[dD])/g, replacement: characterOf },
  { name: 'characters escaped with \\', pattern: /\\{1,2}\//g, replacement: '/' },
  { name: 'percent-encoding', pattern: /%(0[adAD]|2[0bdfBDF]|3[dD])/g, replacement: characterOf },
  { name: 'HTML', pattern: /<br ?\/?>|&#(?:10|13|x0?[aAdD]);/g, replacement: '\n' },
  { name: 'Windows line ends (CRLF)', pattern: /\r\n/g, replacement: '\n' },
  { name: 'old Macintosh line ends (CR)', pattern: /\r/g, replacement: '\n' },
  {
    name: 'non-breaking or invisible spaces',
    pattern: /[\u00a0\u00ad\u1680\u2000-\u200d\u2028\u2029\u202f\u205f\u2060\u3000\ufeff]/g,
    replacement: ' ',
  },
  { name: 'typographic dashes', pattern: /\u2014/g, replacement: '--' },
  { name: 'typographic dashes', pattern: /[\u2010-\u2013\u2015\u2212\ufe58\ufe63\uff0d]/g, replacement: '-' },
];

/** Decodes bytes as text and repairs harmless damage. */
export function normalizeText(bytes: Buffer): NormalizedText {
  const decoded = decodeText(bytes);
  const repairs = new Set<string>();
  // `>` of Windows PowerShell writes UTF-16.
  if (decoded.encoding === 'UTF-16') repairs.add('the encoding UTF-16');
  else if (decoded.hasMark) repairs.add('a byte order mark');
  let { text } = decoded;
  for (const { name, pattern, replacement } of REPAIRS) {
    // The two kinds of replacement are overloads of `replace`.
    const mended =
      typeof replacement === 'string'
        ? text.replace(pattern, replacement)
        : text.replace(pattern, replacement);
    if (mended !== text) repairs.add(name);
    text = mended;
  }
  return { text, repairs: [...repairs] };
}

// Every repetition is bounded: a megabyte of dashes or spaces costs linear time.
// Files that were joined without a line break have ten dashes between END and BEGIN.
const MARKER =
  /(-{2,12})[ \t]{0,4}(BEGIN|END)[ \t]{1,4}([A-Z0-9][A-Z0-9 #.]{0,40}?)[ \t]{0,4}(-{5}(?=-{5})|-{2,12})/g;
const ENCRYPTION = /DEK-Info\s{0,8}:\s{0,8}([A-Za-z0-9-]{1,40})\s{0,8},\s{0,8}([0-9A-Fa-f]{1,64})/;
const MAX_BLOCKS = 2000;

/** A BEGIN or END line. */
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
      else {
        const damage = `has no END line before the next block begins in line ${marker.line}: it is cut short`;
        blocks.push(broken(begin, damage));
      }
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
  const given = body.split('\n');
  const lines = given.map(withoutLiteral);
  if (lines.some((line, index) => line !== given[index])) {
    repairs.add('quotes or comment marks around the lines');
    body = lines.join('\n');
  }
  if (!body.trim().includes('\n') && body.trim().length > 76) repairs.add('a PEM block in a single line');
  else if (lines.some((line, index) => index > 0 && line !== '' && line.trim() !== line))
    repairs.add('stray white space');
  const der = Buffer.from(body.replace(/\s+/g, ''), 'base64');
  const damage =
    (begin.label === end.label ? undefined : `ends as ${end.label} in line ${end.line}`) ??
    alphabetDamage(lines, firstLine) ??
    (der.length === 0 ? 'is empty' : undefined) ??
    (encryption === undefined ? structureDamage(der, begin.label, lines, firstLine) : undefined);
  return { label: begin.label, line: begin.line, der, encryption, damage };
}

const COMMENT_MARK = /^[ \t]{0,40}(?:[#*>|;]|\/\/|--)[ \t]{1,8}/;
const CLOSING = /["'`][ \t]{0,8}[+&.,;)\\]{0,3}[ \t]{0,8}$/;
const OPENING = /^[ \t]{0,40}(?:[+&.][ \t]{1,8})?["'`]/;
const CONTINUATION = /[ \t]{0,8}\\[ \t]{0,8}$/;

/** A line of a block without the quotes, operators and comment marks of the source code that it was pasted into. */
function withoutLiteral(line: string): string {
  if (!/["'`\\#*>|;]|\/\/ |-- /.test(line)) return line;
  return [COMMENT_MARK, CLOSING, OPENING, CONTINUATION].reduce((rest, mark) => rest.replace(mark, ''), line);
}

function alphabetDamage(lines: readonly string[], firstLine: number): string | undefined {
  let ended = false;
  for (const [index, line] of lines.entries()) {
    const bare = line.trim();
    if (bare === '') continue;
    if (/[^A-Za-z0-9+/=\s]/.test(bare))
      return `is damaged: line ${firstLine + index} holds a character that Base64 does not have`;
    const padding = bare.indexOf('=');
    if (ended || (padding >= 0 && !/^={1,2}$/.test(bare.slice(padding)))) {
      return `is damaged: Base64 ends before line ${firstLine + index} does`;
    }
    ended = padding >= 0;
  }
  return undefined;
}

function structureDamage(
  der: Buffer,
  label: string,
  lines: readonly string[],
  firstLine: number,
): string | undefined {
  if (/OPENSSH|SSH2|PGP|TSS|PKCS#11/.test(label)) return undefined;
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

/** The line where characters were probably lost. PEM lines have one length, except the last. */
function unevenLine(lines: readonly string[], firstLine: number): string {
  const lengths = lines.map((line) => line.trim().length);
  const last = lengths.findLastIndex((length) => length > 0);
  const usual = Math.max(0, ...lengths.slice(0, 64));
  const odd = lengths.findIndex((length, index) => index < last && length > 0 && length !== usual);
  if (odd >= 0) return `; line ${firstLine + odd} has ${lengths[odd] ?? 0} characters, others have ${usual}`;
  return `; its last line is line ${firstLine + Math.max(last, 0)}`;
}
