import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readPassphrase } from '../../src/cli/prompt/passphrase';
import { canAsk, Prompter } from '../../src/cli/prompt/prompter';
import { expectNothingLeft } from '../support/leaks';
import { MemoryIo } from './support/memory-io';

const terminal = { columns: 80 };

describe('a question at the terminal', () => {
  test('is asked on stderr and answered by a line', async () => {
    const io = new MemoryIo({ terminal }).answer('Name: ', '  pump-1 ');
    expect(await new Prompter(io).ask('Name: ')).toBe('pump-1');
    expect(io.err).toBe('Name: ');
    expect(io.out).toBe('');
  });

  test('takes what was typed ahead, a line a question', async () => {
    const io = new MemoryIo({ terminal });
    io.type('one\r\ntwo\nthree\r');
    const prompter = new Prompter(io);
    const answers = [await prompter.ask('1'), await prompter.ask('2'), await prompter.askSecret('3')];
    expect(answers).toEqual(['one', 'two', 'three']);
  });

  test('puts letters together that come in pieces', async () => {
    const io = new MemoryIo({ terminal });
    const answer = new Prompter(io).ask('City: ');
    for (const octet of Buffer.from('Zürich\n')) io.type(Buffer.from([octet]));
    expect(await answer).toBe('Zürich');
  });

  test.each(['ask', 'askSecret'] as const)('%s ends when the input does', async (method) => {
    const io = new MemoryIo({ terminal });
    const answer = new Prompter(io)[method]('Name: ');
    io.endInput();
    await expect(answer).rejects.toThrow('The input ended before the question was answered.');
    expect(io.isRaw).toBe(false);
  });

  test.each(['ask', 'askSecret'] as const)('%s ends when the command is interrupted', async (method) => {
    const io = new MemoryIo({ terminal });
    const answer = new Prompter(io)[method]('Name: ');
    io.interrupt();
    await expect(answer).rejects.toBe(io.signal.reason);
    expect(io.isRaw).toBe(false);
    await expect(new Prompter(io)[method]('Again: ')).rejects.toBe(io.signal.reason);
  });

  test('leaves no listener on the input', async () => {
    await expectNothingLeft(async () => {
      const io = new MemoryIo({ terminal }).answer('Name: ', 'x');
      await new Prompter(io).ask('Name: ');
      expect(io.stdin.listenerCount('data')).toBe(0);
      expect(io.stdin.isPaused()).toBe(true);
    });
  });
});

describe('a secret at the terminal', () => {
  test('is read without echo, and never shown', async () => {
    const io = new MemoryIo({ terminal });
    const answer = new Prompter(io).askSecret('Passphrase: ');
    expect(io.isRaw).toBe(true);
    io.type(' open sesame 42 \r');
    expect(await answer).toBe(' open sesame 42 ');
    expect(io.isRaw).toBe(false);
    expect(io.err).toBe('Passphrase: \n');
  });

  test('can be corrected with backspace and Ctrl-U', async () => {
    const io = new MemoryIo({ terminal });
    const answer = new Prompter(io).askSecret('Passphrase: ');
    io.type('wrong\u0015abx\u007f');
    io.type('yz\b\bc\r');
    expect(await answer).toBe('abc');
  });

  test('ends with Ctrl-C, which a terminal without echo sends as a key, and with Ctrl-D', async () => {
    const interrupted = new MemoryIo({ terminal });
    const answer = new Prompter(interrupted).askSecret('Passphrase: ');
    interrupted.type('abc\u0003');
    await expect(answer).rejects.toBe(interrupted.signal.reason);
    const ended = new MemoryIo({ terminal });
    const none = new Prompter(ended).askSecret('Passphrase: ');
    ended.type('\u0004');
    await expect(none).rejects.toThrow('The input ended');
  });
});

test('questions are asked only where input and output are a terminal', () => {
  expect(canAsk(new MemoryIo({ terminal }))).toBe(true);
  expect(canAsk(new MemoryIo())).toBe(false);
});

describe('a passphrase', () => {
  let directory: string;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'azure-iot-x509-test-'));
  });
  afterEach(() => rmSync(directory, { recursive: true, force: true }));

  const names = { variable: '--passphrase-env', file: '--passphrase-file' };
  const env = { CA_PASS: 'open sesame 42' };
  const inFile = (content: string) => {
    const file = join(directory, 'passphrase');
    writeFileSync(file, content);
    return readPassphrase({ file }, { env }, names);
  };

  test('comes from a variable, or from a file of one line', async () => {
    expect(await readPassphrase({ variable: 'CA_PASS' }, { env }, names)).toBe('open sesame 42');
    expect(await readPassphrase({}, { env }, names)).toBeUndefined();
    expect(await inFile(' with spaces \r\n')).toBe(' with spaces ');
    expect(await inFile('plain')).toBe('plain');
  });

  test.each([
    ['empty', '\n', 'names an empty file'],
    ['of several lines', 'a\nb\n', 'must name a file of one line'],
    ['too long', 'a'.repeat(5000), 'is too long'],
  ])('in a file that is %s is refused', async (_what, content, message) => {
    await expect(inFile(content)).rejects.toThrow(message);
  });

  test('is never repeated, even when it was given in place of a name', async () => {
    const source = { variable: 'open sesame 42' };
    await expect(readPassphrase(source, { env }, names)).rejects.toThrow('but what it was given is not set.');
    await expect(readPassphrase({ variable: 'OTHER' }, { env }, names)).rejects.toThrow(
      'but OTHER is not set.',
    );
  });

  test('is refused with two sources, or with a file that cannot be read', async () => {
    const both = { variable: 'CA_PASS', file: 'x' };
    await expect(readPassphrase(both, { env }, names)).rejects.toThrow('are both given');
    const missing = { file: join(directory, 'missing') };
    await expect(readPassphrase(missing, { env }, names)).rejects.toThrow('cannot be read');
  });
});
