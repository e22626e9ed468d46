import { mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import fileSystem from 'node:fs/promises';
import {
  createDeviceCertificate,
  createIntermediateCertificate,
  createRootCertificate,
  writeCertificate,
  type IssuedCertificate,
} from 'azure-iot-certificates';
import { FileError } from '../../src/errors';
import { problemsOf } from './problems';
import { useTemporaryDirectory } from './temporary-directory';

const at = useTemporaryDirectory();
const read = (path: string) => readFileSync(path, 'utf8');
const mode = (path: string) => statSync(path).mode & 0o777;

async function fileErrorOf(promise: Promise<unknown>): Promise<FileError> {
  const error: unknown = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof FileError)) throw new Error(`Not a FileError: ${String(error)}`);
  expect(error.remedy).not.toBe('');
  expect(error.message).toContain(error.path);
  return error;
}

function failure(code: string): Error {
  return Object.assign(new Error(code), { code });
}

let root: IssuedCertificate;
let intermediate: IssuedCertificate;
let device: IssuedCertificate;

beforeAll(async () => {
  root = await createRootCertificate({ commonName: 'Root' });
  intermediate = await createIntermediateCertificate({ commonName: 'Intermediate', issuer: root });
  device = await createDeviceCertificate({ commonName: 'sensor-17', issuer: intermediate });
});

afterEach(() => jest.restoreAllMocks());

describe('writeCertificate', () => {
  test('writes certificate, chain and key, and says which of them a device uses', async () => {
    const written = await writeCertificate(device, { directory: at(), name: 'sensor-17' });
    expect(written).toEqual({
      certFile: at('sensor-17.crt'),
      chainFile: at('sensor-17-chain.crt'),
      keyFile: at('sensor-17.key'),
      deviceCertFile: at('sensor-17-chain.crt'),
    });
    expect(read(at('sensor-17.crt'))).toBe(device.certificate);
    expect(read(at('sensor-17-chain.crt'))).toBe(device.certificate + intermediate.certificate);
    expect(read(at('sensor-17.key'))).toBe(device.privateKey);
    expect(readdirSync(at()).sort()).toEqual(['sensor-17-chain.crt', 'sensor-17.crt', 'sensor-17.key']);
  });

  test('writes no chain for a certificate that needs none', async () => {
    const written = await writeCertificate(intermediate, { directory: at(), name: 'intermediate' });
    expect(written).toEqual({
      certFile: at('intermediate.crt'),
      keyFile: at('intermediate.key'),
      deviceCertFile: at('intermediate.crt'),
    });
    expect(readdirSync(at()).sort()).toEqual(['intermediate.crt', 'intermediate.key']);
  });

  test.each([0o000, 0o077, 0o777])('lets only the owner read the key, under umask %o', async (umask) => {
    const before = process.umask(umask);
    try {
      const { keyFile, certFile } = await writeCertificate(device, { directory: at(), name: 'a' });
      expect(mode(keyFile)).toBe(0o600);
      expect(mode(certFile)).toBe(0o644);
    } finally {
      process.umask(before);
    }
  });

  test('creates missing directories that only their owner may enter', async () => {
    await writeCertificate(device, { directory: at('a', 'b'), name: 'c' });
    expect([mode(at('a')), mode(at('a', 'b'))]).toEqual([0o700, 0o700]);
  });

  test('encrypts the key with the passphrase', async () => {
    await writeCertificate(device, { directory: at(), name: 'a', passphrase: 'secret' });
    expect(read(at('a.key'))).toMatch(/^-----BEGIN ENCRYPTED PRIVATE KEY-----\n/);
  });

  test.each(['a.crt', 'a-chain.crt', 'a.key'])('writes nothing when %s exists', async (name) => {
    writeFileSync(at(name), 'precious');
    const error = await fileErrorOf(writeCertificate(root, { directory: at(), name: 'a' }));
    expect(error).toMatchObject({ code: 'FILE_EXISTS', path: at(name) });
    expect(readdirSync(at())).toEqual([name]);
    expect(read(at(name))).toBe('precious');
  });

  test('does not write through a dangling link', async () => {
    symlinkSync(at('elsewhere'), at('a.key'));
    const error = await fileErrorOf(writeCertificate(root, { directory: at(), name: 'a' }));
    expect(error.code).toBe('FILE_EXISTS');
    expect(readdirSync(at())).toEqual(['a.key']);
  });

  test('replaces files with overwrite, and removes an outdated chain', async () => {
    await writeCertificate(device, { directory: at(), name: 'a' });
    await writeCertificate(root, { directory: at(), name: 'a', overwrite: true });
    expect(readdirSync(at()).sort()).toEqual(['a.crt', 'a.key']);
    expect(read(at('a.crt'))).toBe(root.certificate);
    expect(read(at('a.key'))).toBe(root.privateKey);
    expect(mode(at('a.key'))).toBe(0o600);
  });

  test('replaces nothing when one of the files cannot be replaced', async () => {
    writeFileSync(at('a.crt'), 'precious');
    mkdirSync(at('a.key'));
    const promise = writeCertificate(root, { directory: at(), name: 'a', overwrite: true });
    expect(await fileErrorOf(promise)).toMatchObject({ code: 'FILE_NOT_WRITABLE', path: at('a.key') });
    expect(readdirSync(at()).sort()).toEqual(['a.crt', 'a.key']);
    expect(read(at('a.crt'))).toBe('precious');
  });

  test('names a directory that cannot be created', async () => {
    writeFileSync(at('file'), '');
    const promise = writeCertificate(root, { directory: at('file', 'below'), name: 'a' });
    const error = await fileErrorOf(promise);
    expect(error).toMatchObject({ code: 'FILE_NOT_WRITABLE', path: at('file', 'below') });
    expect(error.cause).toMatchObject({ code: 'ENOTDIR' });
  });

  test('lets one of several calls at the same time write all its files, and refuses the others', async () => {
    const options = { directory: at(), name: 'a' };
    const attempts = Array.from({ length: 6 }, (_, index) => (index % 2 === 0 ? device : root));
    const results = await Promise.allSettled(attempts.map((one) => writeCertificate(one, options)));
    const winners = attempts.filter((_, index) => results[index]?.status === 'fulfilled');
    expect(winners).toHaveLength(1);
    for (const winner of winners) {
      expect(read(at('a.crt'))).toBe(winner.certificate);
      expect(read(at('a.key'))).toBe(winner.privateKey);
    }
    for (const result of results) {
      if (result.status === 'rejected') expect(result.reason).toMatchObject({ code: 'FILE_EXISTS' });
    }
    expect(readdirSync(at()).filter((name) => name.endsWith('.tmp'))).toEqual([]);
  });

  test('does not overwrite a file that appears while it writes, and removes its own files', async () => {
    const { link } = fileSystem;
    jest.spyOn(fileSystem, 'link').mockImplementation(async (from, to) => {
      if (to === at('a.key')) writeFileSync(to, 'precious');
      await link(from, to);
    });
    const error = await fileErrorOf(writeCertificate(device, { directory: at(), name: 'a' }));
    expect(error).toMatchObject({ code: 'FILE_EXISTS', path: at('a.key') });
    expect(readdirSync(at())).toEqual(['a.key']);
    expect(read(at('a.key'))).toBe('precious');
  });

  test('leaves no file when the disk is full', async () => {
    const { open } = fileSystem;
    jest.spyOn(fileSystem, 'open').mockImplementation(async (path, ...rest) => {
      const handle = await open(path, ...rest);
      if (String(path).includes('a.key')) {
        jest.spyOn(handle, 'sync').mockRejectedValue(failure('ENOSPC'));
      }
      return handle;
    });
    const error = await fileErrorOf(writeCertificate(device, { directory: at(), name: 'a' }));
    expect(error).toMatchObject({ code: 'FILE_NOT_WRITABLE', path: at('a.key') });
    expect(error.message).toContain('ENOSPC');
    expect(readdirSync(at())).toEqual([]);
  });

  test('works on file systems without hard links', async () => {
    jest.spyOn(fileSystem, 'link').mockRejectedValue(failure('EPERM'));
    const { keyFile } = await writeCertificate(device, { directory: at(), name: 'a' });
    expect(mode(keyFile)).toBe(0o600);
    expect(readdirSync(at()).sort()).toEqual(['a-chain.crt', 'a.crt', 'a.key']);
  });

  test('lists all problems with its options', async () => {
    const create = (directory: string, name: string, passphrase: string) =>
      problemsOf(writeCertificate(root, { directory, name, passphrase }));
    const badName =
      'name must be a file name without a path and without characters that file names cannot hold.';
    expect(await create('', '../a', '')).toEqual([
      'directory must be a path.',
      badName,
      'passphrase is empty.',
    ]);
    for (const name of ['', '.', '..', 'a/b', 'a\u0000'])
      expect(await create(at(), name, 'x')).toEqual([badName]);
    // @ts-expect-error -- a passphrase is text
    const bytes = writeCertificate(root, { directory: at(), name: 'a', passphrase: Buffer.from('x') });
    expect(await problemsOf(bytes)).toEqual(['passphrase must be a string.']);
    // @ts-expect-error -- directory and name are missing
    expect(await problemsOf(writeCertificate(root, {}))).toEqual([
      'directory is missing.',
      'name is missing.',
    ]);
  });

  test('does not take a misspelled passphrase for none, and writes nothing', async () => {
    // @ts-expect-error -- misspelled
    const misspelled = writeCertificate(root, { directory: at(), name: 'a', passphrse: 'secret' });
    expect(await problemsOf(misspelled)).toEqual(['passphrse is not an option. Did you mean passphrase?']);
    // @ts-expect-error -- text instead of a boolean
    const text = writeCertificate(root, { directory: at(), name: 'a', overwrite: 'false' });
    expect(await problemsOf(text)).toEqual(['overwrite must be true or false.']);
    expect(readdirSync(at())).toEqual([]);
  });

  test('refuses arguments that are no certificate or no options', async () => {
    const untyped = writeCertificate as (certificate?: unknown, options?: unknown) => Promise<unknown>;
    const options = { directory: at(), name: 'a' };
    expect(await problemsOf(untyped())).toEqual(['certificate is missing.', 'options is missing.']);
    expect(await problemsOf(untyped('abc'))).toEqual([
      'certificate is not a certificate with its key.',
      'options is missing.',
    ]);
    expect(await problemsOf(untyped(root, 'certificates'))).toEqual(['options must be an object.']);
    expect(await problemsOf(untyped(Promise.resolve(root), options))).toEqual([
      'certificate is a promise: await it first.',
    ]);
    expect(readdirSync(at())).toEqual([]);
  });
});

if (process.platform === 'linux') {
  test('writeCertificate rejects for a directory below /proc, where mkdir never ends', async () => {
    const error = await fileErrorOf(writeCertificate(root, { directory: '/proc/a/b', name: 'a' }));
    expect(error.code).toBe('FILE_NOT_WRITABLE');
  });
}
