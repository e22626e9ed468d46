import { isUtf8 } from 'node:buffer';

/** Text whose harmless damage is mended, and what was mended. */
export interface NormalizedText {
  readonly text: string;
  readonly repairs: readonly string[];
}

interface Repair {
  readonly name: string;
  readonly pattern: RegExp;
  readonly replacement: string;
}

/** In this order. Every pattern is a class or a short literal, so that hostile input costs linear time. */
const REPAIRS: readonly Repair[] = [
  { name: 'a byte order mark', pattern: /^\ufeff/, replacement: '' },
  { name: 'line breaks written as \\n', pattern: /\\{1,2}(?:r\\{1,2})?n/g, replacement: '\n' },
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

/** Decodes bytes as text and mends what editors, mail programs, shells and web pages do to PEM. */
export function normalizeText(bytes: Buffer): NormalizedText {
  const repairs: string[] = [];
  let text = decode(bytes, repairs);
  for (const { name, pattern, replacement } of REPAIRS) {
    const mended = text.replace(pattern, replacement);
    if (mended !== text && !repairs.includes(name)) repairs.push(name);
    text = mended;
  }
  return { text, repairs };
}

function decode(bytes: Buffer, repairs: string[]): string {
  const wide = wideEncoding(bytes);
  if (wide !== undefined) {
    // What `>` writes in Windows PowerShell.
    repairs.push('the encoding UTF-16');
    return new TextDecoder(wide).decode(bytes);
  }
  if (isUtf8(bytes)) return bytes.toString('utf8');
  return new TextDecoder('windows-1252').decode(bytes);
}

function wideEncoding(bytes: Buffer): 'utf-16le' | 'utf-16be' | undefined {
  const [first, second] = bytes;
  if ((first === 0xff && second === 0xfe) || (first === 0x2d && second === 0)) return 'utf-16le';
  if ((first === 0xfe && second === 0xff) || (first === 0 && second === 0x2d)) return 'utf-16be';
  return undefined;
}
