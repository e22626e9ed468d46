import * as fc from 'fast-check';
import type { JsonObject } from 'azure-iot-emulator';
import { formatDocument, parseDocument } from '../../src/state/document';

test('A stored document is read as it was written, whatever its content', () => {
  const object = fc.dictionary(fc.string(), fc.jsonValue()) as fc.Arbitrary<JsonObject>;
  fc.assert(
    fc.property(object, ({ formatVersion: _, ...content }) => {
      const text = formatDocument(content);
      expect(JSON.stringify(parseDocument(text))).toBe(JSON.stringify(content));
      expect(formatDocument(parseDocument(text))).toBe(text);
    }),
  );
});

test('A stored document begins with the version, is indented, keeps the order and ends with a line break', () => {
  expect(formatDocument({ z: 1, a: { b: [] } })).toBe(
    '{\n  "formatVersion": 1,\n  "z": 1,\n  "a": {\n    "b": []\n  }\n}\n',
  );
});

test('A stored document may begin with a byte order mark', () => {
  expect(parseDocument('\uFEFF{\r\n"formatVersion": 1 }\r\n')).toEqual({});
});

test.each([
  [
    'is of a later release',
    '{"formatVersion":2}',
    'formatVersion is 2, and this release knows versions up to 1',
  ],
  ['has version 0', '{"formatVersion":0}', 'formatVersion must be a whole number from 1'],
  ['has no version', '{}', 'formatVersion is missing'],
  ['has a version that is a string', '{"formatVersion":"1"}', 'formatVersion must be a whole number from 1'],
  ['is cut off', '{"formatVersion":1,"dev', 'The content is not JSON, or not all of it is there'],
  ['is empty', '', 'The content is not JSON, or not all of it is there'],
  ['is not an object', '[]', 'The content must be an object'],
])('A stored document is refused when it %s', (_what, text, message) => {
  expect(() => parseDocument(text)).toThrow(message);
});
