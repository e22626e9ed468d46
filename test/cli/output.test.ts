import { Output } from '../../src/cli/output/output';
import { printable } from '../../src/cli/output/printable';
import { styleFor } from '../../src/cli/output/style';
import { MemoryIo } from './support/memory-io';

const ESCAPE = '\u001b';
const CLEAR_LINE = `\r${ESCAPE}[2K`;
const terminal = { columns: 40 };

describe('colors', () => {
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
  ])('%s: %p', (_where, isTerminal, env, expected) => {
    expect(isColored(new MemoryIo({ env, ...(isTerminal && { terminal }) }))).toBe(expected);
  });
});

describe('progress', () => {
  test('is a plain line on stderr in a pipe, and leaves stdout alone', async () => {
    const io = new MemoryIo();
    const output = new Output(io, { isJson: false });
    const result = await output.during('Registering', (update) => {
      update('Connecting');
      return Promise.resolve(7);
    });
    expect(result).toBe(7);
    expect(io.err).toBe('Registering …\nConnecting …\n');
    expect(io.out).toBe('');
  });

  test('is a plain line on a terminal without a cursor', async () => {
    const io = new MemoryIo({ terminal, env: { TERM: 'dumb' } });
    await new Output(io, { isJson: false }).during('Registering', () => Promise.resolve());
    expect(io.err).toBe('Registering …\n');
  });

  test('moves on a terminal, makes way for other lines, fits into the width and disappears', async () => {
    const io = new MemoryIo({ terminal });
    const output = new Output(io, { isJson: false });
    const long = 'Waiting for something that takes its time';
    await output.during(long, async () => {
      await io.until(({ err }) => err.includes('Waiting'));
      output.note('Meanwhile.');
      await io.until(({ err }) => err.indexOf('Waiting', err.indexOf('Meanwhile.')) > 0);
    });
    expect(io.err).toContain(`${CLEAR_LINE}Meanwhile.\n`);
    expect(io.err.endsWith(CLEAR_LINE)).toBe(true);
    const drawn = io.err.split(CLEAR_LINE).filter((line) => line.includes('Waiting'));
    expect(drawn.length).toBeGreaterThan(1);
    for (const line of drawn) expect(line.length).toBeLessThan(40);
  });

  test('disappears when the work fails', async () => {
    const io = new MemoryIo({ terminal });
    const output = new Output(io, { isJson: false });
    const work = output.during('Registering', async () => {
      await io.until(({ err }) => err.includes('Registering'));
      throw new Error('refused');
    });
    await expect(work).rejects.toThrow('refused');
    expect(io.err.endsWith(CLEAR_LINE)).toBe(true);
  });
});

describe('results', () => {
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

test('text of unknown origin has no power over the terminal', () => {
  expect(printable(`a${ESCAPE}[31mb\nc\u202ed\u0007`)).toBe('a\\u001b[31mb\\u000ac\\u202ed\\u0007');
  expect(printable('Zürich, 東京')).toBe('Zürich, 東京');
});
