import { printable } from 'azure-iot-certificates/internal';
import { Output } from '../../src/cli/output/output';
import { styleFor } from '../../src/cli/output/style';
import { MemoryIo } from './support/memory-io';

const ESCAPE = '\u001b';
const terminal = { columns: 40 };

describe('text has colors', () => {
  const isColored = (io: MemoryIo) => styleFor(io, 'stdout').red('x') !== 'x';

  test.each([
    ['a terminal', true, {}, true],
    ['a pipe', false, {}, false],
    ['a terminal with NO_COLOR', true, { NO_COLOR: '1' }, false],
    ['a terminal with an empty NO_COLOR', true, { NO_COLOR: '' }, true],
    ['a terminal without a cursor', true, { TERM: 'dumb' }, false],
    ['a pipe with FORCE_COLOR', false, { FORCE_COLOR: '1' }, true],
    ['a terminal with FORCE_COLOR=0', true, { FORCE_COLOR: '0' }, false],
    ['a pipe with FORCE_COLOR and NO_COLOR', false, { FORCE_COLOR: '3', NO_COLOR: '1' }, true],
  ])('on %s: %p', (_where, isTerminal, env, expected) => {
    expect(isColored(new MemoryIo({ env, ...(isTerminal && { terminal }) }))).toBe(expected);
  });
});

test('progress is a line on stderr, and leaves stdout alone', () => {
  const io = new MemoryIo();
  new Output(io, { isJson: true }).progress('Registering');
  expect(io.err).toBe('Registering …\n');
  expect(io.out).toBe('');
});

describe('results of a command', () => {
  const result = { json: { a: 1 }, text: () => ['a is 1'] };

  test('are text, or one JSON document, or lines of JSON', () => {
    const [text, document, lines] = [new MemoryIo(), new MemoryIo(), new MemoryIo()];
    new Output(text, { isJson: false }).result(result);
    expect(text.out).toBe('a is 1\n');
    new Output(document, { isJson: true }).result(result);
    expect(document.out).toBe('{\n  "a": 1\n}\n');
    const stream = new Output(lines, { isJson: true });
    stream.event(result);
    stream.event(result);
    expect(lines.out).toBe('{"a":1}\n{"a":1}\n');
  });

  test('are broken at the width of the terminal, but commands are not', () => {
    const io = new MemoryIo({ terminal });
    const command = `    azure-iot-x509 check --cert ${'c'.repeat(60)}`;
    const prose = '  There is more to be said than fits into one line.';
    new Output(io, { isJson: false }).result({ json: {}, text: () => [prose, command] });
    expect(io.out).toBe(`  There is more to be said than fits\n  into one line.\n${command}\n`);
  });
});

test('control characters in text of unknown origin are escaped', () => {
  expect(printable(`a${ESCAPE}[31mb\nc\u202ed\u0007`)).toBe('a\\u001b[31mb\\u000ac\\u202ed\\u0007');
  expect(printable('Zürich, 東京')).toBe('Zürich, 東京');
});
