import { mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { FolderLock } from '../../src/state/lock';
import { useTemporaryDirectory } from '../../../certificates/test/making/temporary-directory';
import { expectNothingLeft } from '../../../../test/support/leaks';
import { moduleOf, Program } from '../support/program';

const path = useTemporaryDirectory();

/** A process of its own that locks the folder of the test and goes on. */
async function lockingProgram(): Promise<Program> {
  const program = Program.start(
    path(),
    `import { FolderLock } from ${moduleOf('state/lock.ts')};`,
    `await FolderLock.acquire(${JSON.stringify(path())});
  setInterval(() => undefined, 60_000);
  print('locked');`,
  );
  await program.line();
  return program;
}

function locks(): readonly string[] {
  return readdirSync(path()).filter((name) => name.startsWith('.lock'));
}

test('A state folder can be locked once at a time', async () => {
  await expectNothingLeft(async () => {
    const lock = await FolderLock.acquire(path());
    await expect(FolderLock.acquire(path())).rejects.toMatchObject({
      code: 'INVALID_OPTIONS',
      message: `Option stateDirectory is in use: the emulator of process ${process.pid} keeps its state in ${path()}.`,
      name: 'InvalidOptionsError',
      problems: [{ option: 'stateDirectory', remedy: expect.stringContaining('emulator stop') as string }],
    });
    await Promise.all([lock.release(), lock.release()]);
    const next = await FolderLock.acquire(path());
    await next.release();
    expect(locks()).toEqual([]);
  });
});

test('A symbolic link to a locked state folder is locked too', async () => {
  mkdirSync(path('state'));
  symlinkSync(path('state'), path('link'));
  const lock = await FolderLock.acquire(path('state'));
  await expect(FolderLock.acquire(path('link'))).rejects.toMatchObject({ code: 'INVALID_OPTIONS' });
  await lock.release();
});

test('One of many simultaneous attempts locks a state folder', async () => {
  const outcomes = await Promise.allSettled(Array.from({ length: 12 }, () => FolderLock.acquire(path())));
  const held = outcomes.filter((outcome) => outcome.status === 'fulfilled');
  expect(held).toHaveLength(1);
  for (const { value } of held) await value.release();
  expect(locks()).toEqual([]);
});

test('The lock of a state folder names its process, and ends when that is killed', async () => {
  await using program = await lockingProgram();
  await expect(FolderLock.acquire(path())).rejects.toThrow(
    `the emulator of process ${program.processId} keeps`,
  );
  await program.kill();
  expect(locks()).toHaveLength(1);
  const lock = await FolderLock.acquire(path());
  expect(locks()).toHaveLength(1);
  await lock.release();
  expect(locks()).toEqual([]);
});

test('A stopped process keeps the lock of a state folder', async () => {
  await using program = await lockingProgram();
  program.signal('SIGSTOP');
  await expect(FolderLock.acquire(path())).rejects.toThrow('another emulator keeps');
});

test('A file in the place of the lock of a state folder is replaced', async () => {
  writeFileSync(path('.lock'), '');
  const lock = await FolderLock.acquire(path());
  await expect(FolderLock.acquire(path())).rejects.toMatchObject({ code: 'INVALID_OPTIONS' });
  await lock.release();
});

test('A state folder whose path is too long for a socket can be locked', async () => {
  const long = path('a'.repeat(60), 'b'.repeat(60));
  mkdirSync(long, { recursive: true });
  const lock = await FolderLock.acquire(long);
  await expect(FolderLock.acquire(long)).rejects.toMatchObject({ code: 'INVALID_OPTIONS' });
  await lock.release();
  const next = await FolderLock.acquire(long);
  await next.release();
});
