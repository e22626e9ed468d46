import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { temporaryPathFor } from 'azure-iot-certificates/internal';
import { StateDirectory } from '../../src/state/state-directory';
import { object } from '../../src/schemas/objects';
import { text } from '../../src/schemas/values';
import { readStored } from '../../src/stored/stored-value';
import type { JsonObject } from '../../src/protocol/json';
import type { Persistent } from '../../src/stored/persistent';
import { useTemporaryDirectory } from '../../../certificates/test/making/temporary-directory';
import { expectNothingLeft } from '../../../../test/support/leaks';
import { useWarnings } from '../support/warnings';

const path = useTemporaryDirectory();
const warned = useWarnings();
const hub1 = { kind: 'hub', name: 'hub-1' } as const;
const hub2 = { kind: 'hub', name: 'hub-2' } as const;

/** Something with one word to keep. */
class Note implements Persistent {
  snapshots = 0;
  #text: string;
  #listener: () => void = () => undefined;

  constructor(text = '') {
    this.#text = text;
  }

  get text(): string {
    return this.#text;
  }

  set text(text: string) {
    this.#text = text;
    this.#listener();
  }

  snapshot(): JsonObject {
    this.snapshots++;
    return { text: this.#text };
  }

  restore(snapshot: JsonObject): void {
    this.#text = readStored(object({ text }), snapshot).text;
  }

  onChange(listener: () => void): void {
    this.#listener = listener;
  }
}

/** A directory that keeps a note. */
async function openWith(note: Note, file: typeof hub1 | typeof hub2 = hub1): Promise<StateDirectory> {
  const directory = await StateDirectory.open(path('state'));
  directory.keep(file, note);
  await directory.begin();
  return directory;
}

function textIn(name: string): unknown {
  return (JSON.parse(readFileSync(path('state', name), 'utf8')) as JsonObject)['text'];
}

/** Waits until a file says so; it is read over and over, and is whole each time. */
async function untilTextIs(name: string, text: string): Promise<void> {
  while (textIn(name) !== text) await new Promise((resolve) => setImmediate(resolve));
}

describe('a state folder', () => {
  it('has the state from the beginning and soon after each change, and gives it back', async () => {
    const note = new Note('first');
    const directory = await openWith(note);
    expect(readFileSync(path('state', 'hub-hub-1.json'), 'utf8')).toBe(
      '{\n  "formatVersion": 1,\n  "text": "first"\n}\n',
    );
    note.text = 'second';
    await untilTextIs('hub-hub-1.json', 'second');
    await directory.close();

    const again = new Note();
    const next = await openWith(again);
    expect(again.text).toBe('second');
    await next.close();
  });

  it('is written when the emulator is closed, without a timer', async () => {
    await expectNothingLeft(async () => {
      const note = new Note();
      const directory = await openWith(note);
      note.text = 'last';
      await Promise.all([directory.close(), directory.close()]);
      expect(textIn('hub-hub-1.json')).toBe('last');
      note.text = 'too late';
      await directory.close();
      expect(textIn('hub-hub-1.json')).toBe('last');
    });
  });

  it('is written once for many changes, and not at all without a change', async () => {
    const note = new Note();
    const directory = await openWith(note);
    expect(note.snapshots).toBe(1);
    for (let count = 1; count <= 100_000; count++) note.text = String(count);
    expect(note.snapshots).toBe(1);
    await untilTextIs('hub-hub-1.json', '100000');
    expect(note.snapshots).toBe(2);
    await directory.close();
    expect(note.snapshots).toBe(2);
    const { mtimeNs } = statSync(path('state', 'hub-hub-1.json'), { bigint: true });
    const next = await openWith(new Note());
    await next.close();
    expect(statSync(path('state', 'hub-hub-1.json'), { bigint: true }).mtimeNs).toBe(mtimeNs);
  });

  it('has the state of one moment in all files', async () => {
    const [one, two] = [new Note('0'), new Note('0')];
    const directory = await StateDirectory.open(path('state'));
    directory.keep(hub1, one);
    directory.keep(hub2, two);
    await directory.begin();
    const counts = [one, two].map((note) => note.snapshots);
    one.text = two.text = 'moved';
    await untilTextIs('hub-hub-2.json', 'moved');
    expect([one, two].map((note) => note.snapshots)).toEqual(counts.map((count) => count + 1));
    await directory.close();
  });

  it('is not changed by a start that fails', async () => {
    mkdirSync(path('state'));
    writeFileSync(path('state', 'hub-hub-1.json'), '{"formatVersion":1,"text":7}');
    const directory = await StateDirectory.open(path('state'));
    directory.keep(hub2, new Note());
    expect(() => directory.keep(hub1, new Note())).toThrow(
      `${path('state', 'hub-hub-1.json')} cannot be used: text must be a string. The emulator has not changed it.`,
    );
    await directory.close();
    await directory.close();
    expect(readdirSync(path('state'))).toEqual(['hub-hub-1.json']);
    expect(readFileSync(path('state', 'hub-hub-1.json'), 'utf8')).toBe('{"formatVersion":1,"text":7}');
  });
});

describe('the place of a state folder', () => {
  it('is accessible to this user alone, and so is every file', async () => {
    const directory = await openWith(new Note());
    await directory.serverIdentity(['localhost']);
    expect(statSync(path('state')).mode & 0o777).toBe(0o700);
    expect(statSync(path('state', 'server')).mode & 0o777).toBe(0o700);
    expect(statSync(path('state', 'hub-hub-1.json')).mode & 0o777).toBe(0o600);
    for (const key of ['root-key.pem', 'key.pem']) {
      expect(statSync(path('state', 'server', key)).mode & 0o777).toBe(0o600);
    }
    await directory.close();
  });

  it('has a .gitignore when it is new', async () => {
    await (await openWith(new Note('kept'))).close();
    expect(spawnSync('git', ['init', '--quiet', path()]).status).toBe(0);
    const { stdout } = spawnSync('git', ['status', '--porcelain', '--untracked-files=all'], {
      cwd: path(),
      encoding: 'utf8',
    });
    expect(stdout).toBe('');
    // It is read and kept like any other.
    const note = new Note();
    await (await openWith(note)).close();
    expect(note.text).toBe('kept');
  });

  it('that was there already gets no .gitignore', async () => {
    mkdirSync(path('state'));
    await (await openWith(new Note())).close();
    expect(readdirSync(path('state'))).toEqual(['hub-hub-1.json']);
  });

  it('is locked until the emulator is closed, also after an attempt that failed', async () => {
    const directory = await openWith(new Note());
    await expect(StateDirectory.open(path('state'))).rejects.toThrow(
      `is in use: the emulator of process ${process.pid}`,
    );
    await directory.close();
    writeFileSync(path('state', 'dps.json'), '{');
    await expect(StateDirectory.open(path('state'))).rejects.toMatchObject({ code: 'FILE_NOT_READABLE' });
    rmSync(path('state', 'dps.json'));
    const next = await openWith(new Note());
    await next.close();
  });

  it('loses the temporary files of a process that was killed, and nothing else', async () => {
    mkdirSync(temporaryPathFor(path('state', 'server')), { recursive: true });
    mkdirSync(path('state', 'server'));
    for (const name of ['hub-hub-1.json', 'server/key.pem', '.gitignore', 'notes']) {
      writeFileSync(temporaryPathFor(path('state', name)), 'x');
    }
    for (const name of ['notes.txt', 'other-hub.json', '.dps.json.tmp'])
      writeFileSync(path('state', name), 'x');
    const directory = await StateDirectory.open(path('state'));
    await directory.close();
    expect(readdirSync(path('state')).sort()).toEqual([
      '.dps.json.tmp',
      expect.stringMatching(/^\.notes\..+\.tmp$/),
      'notes.txt',
      'other-hub.json',
      'server',
    ]);
    expect(readdirSync(path('state', 'server'))).toEqual([]);
  });

  it.each([
    ['is a file', () => writeFileSync(path('state'), '')],
    ['is in a file', () => writeFileSync(path('other'), ''), 'other/state'],
  ])('that %s cannot be used', async (_what, prepare, name = 'state') => {
    prepare();
    await expect(StateDirectory.open(path(name))).rejects.toMatchObject({
      code: 'FILE_NOT_WRITABLE',
      path: path(name),
    });
  });

  it.each([
    ['cut off', '{"formatVersion":1,"te', 'The content is not JSON, or not all of it is there'],
    [
      'of a later release',
      '{"formatVersion":2}',
      'formatVersion is 2, and this release knows versions up to 1',
    ],
    ['not even text', '\u0000\u0001', 'The content is not JSON, or not all of it is there'],
  ])('with a file that is %s is refused and left unchanged', async (_what, content, problem) => {
    mkdirSync(path('state'));
    writeFileSync(path('state', 'central-central.json'), content);
    const file = path('state', 'central-central.json');
    await expect(StateDirectory.open(path('state'))).rejects.toMatchObject({
      code: 'FILE_NOT_READABLE',
      path: file,
      message: `${file} cannot be used: ${problem}. The emulator has not changed it.`,
    });
    expect(readFileSync(file, 'utf8')).toBe(content);
    expect(readdirSync(path('state'))).toEqual(['central-central.json']);
  });
});

describe('a state folder that cannot be written', () => {
  it('leads to one warning, and is written when that is possible again', async () => {
    const note = new Note('first');
    const directory = await openWith(note);
    // A folder in the place of the file cannot be replaced by a file.
    rmSync(path('state', 'hub-hub-1.json'));
    mkdirSync(path('state', 'hub-hub-1.json', 'in-the-way'), { recursive: true });
    const warning = warned.next();
    note.text = 'second';
    expect(await warning).toMatchObject({
      code: 'AZURE_IOT_X509_EMULATOR_STATE',
      message: expect.stringContaining(
        `keep its state: Cannot write ${path('state', 'hub-hub-1.json')}`,
      ) as string,
    });
    note.text = 'third';
    const before = note.snapshots;
    while (note.snapshots < before + 2) await new Promise((resolve) => setTimeout(resolve, 10));
    rmSync(path('state', 'hub-hub-1.json'), { recursive: true });
    while (!existsSync(path('state', 'hub-hub-1.json')))
      await new Promise((resolve) => setTimeout(resolve, 10));
    expect(textIn('hub-hub-1.json')).toBe('third');
    expect(warned.warnings).toHaveLength(1);
    await directory.close();
    expect(readdirSync(path('state')).sort()).toEqual(['.gitignore', 'hub-hub-1.json']);
  });

  it('makes close() reject with what is lost, and is unlocked all the same', async () => {
    const note = new Note();
    const directory = await openWith(note);
    rmSync(path('state'), { recursive: true });
    const warning = warned.next();
    note.text = 'lost';
    await directory.close();
    expect((await warning).message).toContain('What changed last is lost.');
    const next = await openWith(new Note());
    await next.close();
  });

  it('makes the start fail', async () => {
    const directory = await StateDirectory.open(path('state'));
    directory.keep(hub1, new Note());
    mkdirSync(path('state', 'hub-hub-1.json', 'in-the-way'), { recursive: true });
    await expect(directory.begin()).rejects.toMatchObject({ code: 'FILE_NOT_WRITABLE' });
    await directory.close();
  });

  it('is not the cause when a service fails to make its snapshot', async () => {
    const note = new Note();
    const directory = await openWith(note);
    const warning = warned.next();
    note.snapshot = () => {
      throw new Error('no snapshot today.');
    };
    note.text = 'changed';
    expect((await warning).message).toContain('no snapshot today.');
    Reflect.deleteProperty(note, 'snapshot');
    await directory.close();
    expect(textIn('hub-hub-1.json')).toBe('changed');
  });
});

test('The files of hubs and applications that the options leave out are not forgotten', async () => {
  mkdirSync(path('state'));
  for (const name of [
    'hub-north',
    'hub-south',
    'hub-factory',
    'central-factory',
    'hub-central',
    'central-central',
  ]) {
    writeFileSync(path('state', `${name}.json`), '{"formatVersion":1}');
  }
  const directory = await StateDirectory.open(path('state'));
  expect(() => directory.checkNothingLeftOut(['north', 'south'], ['central', 'factory'])).not.toThrow();
  expect(() => directory.checkNothingLeftOut(['north'], ['central'])).toThrow(
    expect.objectContaining({
      code: 'INVALID_OPTIONS',
      problems: [
        {
          option: 'centralApplications',
          message: `leaves out factory, of which ${path('state')} holds central-factory.json and hub-factory.json.`,
          remedy:
            'Name it again. Or remove central-factory.json and hub-factory.json, to give up all that is known of its devices.',
        },
        {
          option: 'hubs',
          message: `leaves out south, of which ${path('state')} holds hub-south.json.`,
          remedy: 'Name it again. Or remove hub-south.json, to give up all that is known of its devices.',
        },
      ],
    }) as Error,
  );
  await directory.close();
});
