import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { check, errors, names } from '../support/check';
import { GOOD_SUBJECT, make } from '../support/make';

const device = make({ subject: GOOD_SUBJECT });
const { pem: cert, key } = device;

let directory: string;
beforeAll(() => (directory = mkdtempSync(join(tmpdir(), 'credentials-'))));
afterAll(() => rmSync(directory, { recursive: true, force: true }));
function file(name: string, content: string | Buffer): string {
  const path = join(directory, name);
  writeFileSync(path, content, { mode: 0o600 });
  return path;
}

test('checkCredentials reads files of any length up to a mebibyte', async () => {
  const lengths = [cert.length, 4 * 1024, 4 * 1024 + 1, 20_000, 1024 * 1024];
  for (const length of lengths) {
    const certFile = file(`${length}.crt`, cert + '\n'.repeat(Math.max(0, length - cert.length)));
    expect(errors(await check({ certFile, key }))).toEqual([]);
  }
});

describe('checkCredentials reports a file', () => {
  const certFile = (): string => file('device.crt', cert);

  test('that does not exist, with its full path', async () => {
    const report = await check({ cert, keyFile: 'no/such.key' });
    expect(errors(report)).toEqual(['file-readable']);
    expect(report.findings[0]?.message).toBe(
      `The file "no/such.key" (keyFile) does not exist (ENOENT). Its full path is ${JSON.stringify(join(process.cwd(), 'no/such.key'))}.`,
    );
    const home = await check({ cert, keyFile: '~/device.key' });
    expect(home.findings[0]?.remedy).toContain('only a shell understands "~"');
  });

  test('that several options name only once', async () => {
    const path = join(directory, 'absent.pem');
    expect(names(await check({ certFile: path, keyFile: path }))).toEqual(['error file-readable']);
  });

  test('that is a directory or not a regular file', async () => {
    mkdirSync(join(directory, 'folder'));
    const report = await check({ certFile: join(directory, 'folder'), key });
    expect(report.findings[0]?.message).toMatch(/is a directory \(EISDIR\)/);
    if (process.platform === 'win32') return;
    expect((await check({ certFile: '/dev/zero', key })).findings[0]?.message).toMatch(
      /is not a regular file/,
    );
  });

  const mayReadEverything = process.getuid?.() === 0 || process.platform === 'win32';
  test(`that may not be read${mayReadEverything ? ' (NOT tried: this user may read every file)' : ''}`, async () => {
    if (mayReadEverything) return;
    const path = certFile();
    chmodSync(path, 0);
    expect((await check({ certFile: path, key })).findings[0]?.message).toMatch(
      /may not be read by this user \(EACCES\)/,
    );
    chmodSync(path, 0o600);
  });

  test('that is too large or empty', async () => {
    const large = file('large.pem', Buffer.alloc(2 * 1024 * 1024, 45));
    expect(errors(await check({ certFile: large, key }))).toEqual(['file-size']);
    const report = await check({ certFile: file('empty.pem', ''), key });
    expect(report.findings[0]?.message).toMatch(/^The file ".*empty\.pem" \(certFile\) is empty/);
  });

  // Megabytes, though its size is given as zero.
  const symbols = '/proc/kallsyms';
  const hasSymbols = existsSync(symbols);
  test(`that is larger than its size says${hasSymbols ? '' : ' (NOT tried: this system has no such file)'}`, async () => {
    if (!hasSymbols) return;
    const report = await check({ certFile: symbols, key });
    expect(errors(report)).toEqual(['file-size']);
    expect(report.findings[0]?.message).toMatch(/has 1048577 bytes/);
  });

  test('with a remedy that can be pasted into a shell', async () => {
    const path = file(
      "it's here.pem",
      device.privateKey.export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'a' }),
    );
    const report = await check({ cert, keyFile: path });
    expect(report.findings[0]?.remedy).toContain(`openssl pkey -in '${path.replace("'", `'\\''`)}' -out`);
  });
});
