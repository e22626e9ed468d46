import { InvalidOptionsError } from '../src/errors';
import { printable, quote, shellWord, span } from '../src/text';
import { finding, check } from './support/check';
import { GOOD_SUBJECT, make } from './support/make';

/** One of each kind of character that a terminal or a page shows as nothing, or obeys. */
const INVISIBLE = {
  NUL: '\0',
  ESC: '\u001b',
  'a C1 control': '\u009b',
  'a soft hyphen': '\u00ad',
  'a no-break space': '\u00a0',
  'an ideographic space': '\u3000',
  'a combining grapheme joiner': '\u034f',
  'an Arabic letter mark': '\u061c',
  'a Hangul filler': '\u3164',
  'a Mongolian vowel separator': '\u180e',
  'a zero width space': '\u200b',
  'a line separator': '\u2028',
  'a right-to-left override': '\u202e',
  'a word joiner': '\u2060',
  'an isolate': '\u2067',
  'a blank Braille pattern': '\u2800',
  'a variation selector': '\ufe0f',
  'a byte order mark': '\ufeff',
  'an interlinear annotation': '\ufff9',
  'a private character': '\ue000',
  'an unpaired surrogate': '\udc00',
  'a tag character': '\u{e0041}',
};

test.each(Object.entries(INVISIBLE))(
  '%s is shown as an escape in every message',
  async (_name, character) => {
    const escaped = Array.from(
      { length: character.length },
      (_, unit) => String.raw`\u${character.charCodeAt(unit).toString(16).padStart(4, '0')}`,
    ).join('');
    expect(printable(`a${character}b`)).toBe(`a${escaped}b`);
    expect(JSON.parse(quote(`a${character}b`))).toBe(`a${character}b`);
    expect(quote(`a${character}b`)).toMatch(/^[ -~]+$/);
    expect(shellWord(`a${character}b`)).toMatch(/^[ -~]+$/);
    const error = new InvalidOptionsError([{ option: 'cert', message: `a${character}b`, remedy: character }]);
    expect(error.message + error.remedy).toMatch(/^[ -~]+$/);
    // OpenSSL refuses these in a UTF8String, or ends the name there.
    if (character === '\0' || character === '\udc00') return;
    const { pem: cert, key } = make({ subject: [...GOOD_SUBJECT.slice(0, -1), ['CN', `a${character}b`]] });
    expect(finding(await check({ cert, key }), 'common-name-characters').message).toMatch(/^[ -~]+$/);
  },
);

test('text that can be read stays as it is', () => {
  const text = 'Zürich, 東京, עברית, 😀, "a" \\\\';
  expect(printable(text)).toBe(text);
});

test.each([
  [30_000, '1 minute'],
  [119 * 60_000, '119 minutes'],
  [24.5 * 3_600_000, '24 hours'],
  [47.9 * 3_600_000, '47 hours'],
  [3.9 * 86_400_000, '3 days'],
])('a span of %d ms is called "%s"', (milliseconds, words) => {
  expect(span(milliseconds)).toBe(words);
});
