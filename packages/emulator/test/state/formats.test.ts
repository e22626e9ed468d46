import * as fc from 'fast-check';
import { FORMATS, formatDocument, parseDocument, type Format } from '../../src/state/formats';
import type { JsonObject } from '../../src/protocol/json';

const first: Format = { version: 1, migrations: {} };
/** A format that was changed twice: names became identifiers, then got a list around them. */
const third: Format = {
  version: 3,
  migrations: {
    1: ({ name, ...rest }) => ({ id: name ?? '', ...rest }),
    2: ({ id, ...rest }) => ({ ids: [id ?? ''], ...rest }),
  },
};

test('what was written is read again, whatever it is', () => {
  const object = fc.dictionary(fc.string(), fc.jsonValue()) as fc.Arbitrary<JsonObject>;
  fc.assert(
    fc.property(object, ({ formatVersion: _, ...content }) => {
      const text = formatDocument(content, first);
      expect(JSON.stringify(parseDocument(text, first))).toBe(JSON.stringify(content));
      expect(formatDocument(parseDocument(text, first), first)).toBe(text);
    }),
  );
});

test('the text begins with the version, is indented, keeps the order and ends with a line break', () => {
  expect(formatDocument({ z: 1, a: { b: [] } }, first)).toBe(
    '{\n  "formatVersion": 1,\n  "z": 1,\n  "a": {\n    "b": []\n  }\n}\n',
  );
});

test('an older file goes through every version in between', () => {
  expect(parseDocument('{"formatVersion":1,"name":"x","other":true}', third)).toEqual({
    ids: ['x'],
    other: true,
  });
  expect(parseDocument('{"formatVersion":2,"id":"x"}', third)).toEqual({ ids: ['x'] });
  expect(parseDocument('{"formatVersion":3,"ids":["x"]}', third)).toEqual({ ids: ['x'] });
});

test('every version of every file can be read', () => {
  for (const format of Object.values(FORMATS)) {
    expect(Object.keys(format.migrations).map(Number)).toEqual(
      Array.from({ length: format.version - 1 }, (_, index) => index + 1),
    );
  }
});

test('what an editor for Windows puts in front does no harm', () => {
  expect(parseDocument('\uFEFF{\r\n"formatVersion": 1 }\r\n', first)).toEqual({});
});

test.each([
  [
    'of a later release',
    '{"formatVersion":4}',
    'formatVersion is 4, and this release knows versions up to 3',
  ],
  ['of a version that never was', '{"formatVersion":0}', 'formatVersion is 0, which never was one'],
  ['without a version', '{}', 'formatVersion is missing'],
  ['with a strange version', '{"formatVersion":"1"}', 'formatVersion is not a whole number from 0'],
  ['cut off', '{"formatVersion":1,"dev', 'The content is not JSON, or not all of it is there'],
  ['empty', '', 'The content is not JSON, or not all of it is there'],
  ['no object', '[]', 'The content is not an object'],
])('a file that is %s is refused', (_what, text, message) => {
  expect(() => parseDocument(text, third)).toThrow(message);
});
