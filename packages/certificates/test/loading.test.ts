import { readdirSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import type * as Package from '../src/index';
import type * as Internal from '../src/internal';
import { GOOD_SUBJECT, make } from './support/make';
import { makePkcs12 } from './support/pkcs12';

const SOURCE = join(__dirname, '..', 'src');
const FILES = readdirSync(SOURCE, { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.ts') && !file.endsWith('.d.ts'))
  .map((file) => join(SOURCE, file));
const LIBRARY = '@peculiar/x509';

const device = make({ subject: GOOD_SUBJECT });
const PEM = { enrollment: 'hub-individual', cert: device.pem, key: device.key } as const;

interface Entries {
  'index.ts': typeof Package;
  'internal.ts': typeof Internal;
}

/** Loads an entry point anew. The set has the names of all modules that were loaded since. */
function load<Entry extends keyof Entries>(
  entry: Entry,
): { module: Entries[Entry]; loaded: ReadonlySet<string> } {
  const loaded = new Set<string>();
  for (const path of [...FILES, LIBRARY]) {
    const name = path === LIBRARY ? path : relative(SOURCE, path).split(sep).join('/');
    jest.doMock(path, () => {
      loaded.add(name);
      return jest.requireActual<object>(path);
    });
  }
  jest.resetModules();
  return { module: jest.requireMock<Entries[Entry]>(join(SOURCE, entry)), loaded };
}

test('importing the package, checking credentials and loading a certificate do not load @peculiar/x509', async () => {
  const { module, loaded } = load('index.ts');
  expect((await module.checkCredentials(PEM)).ok).toBe(true);
  const { cert, key } = PEM;
  expect((await module.loadCertificate({ cert, key })).x509.subject).toBe('O=Example\nCN=device-1');
  expect(loaded).not.toContain(LIBRARY);
});

test('making a certificate loads @peculiar/x509', async () => {
  const { module, loaded } = load('index.ts');
  await module.createSelfSignedCertificate({ commonName: 'device-1' });
  expect(loaded).toContain(LIBRARY);
});

test('the PKCS#12 reader is loaded by a PKCS#12 file, and not by PEM', async () => {
  const { module, loaded } = load('index.ts');
  await module.checkCredentials(PEM);
  expect(loaded).not.toContain('reading/pkcs12.ts');
  const passphrase = 'secret';
  const content = makePkcs12(device, passphrase);
  const report = await module.checkCredentials({ ...PEM, cert: content, key: content, passphrase });
  expect(report.ok).toBe(true);
  expect(loaded).toContain('reading/pkcs12.ts');
});

test('a device that reads PEM loads at most 23 files of the package, and none that makes certificates', async () => {
  const { module, loaded } = load('internal.ts');
  const { report, material } = await module.inspectCredentials(PEM);
  expect(report.ok).toBe(true);
  expect(material?.toX509()).toEqual({ cert: device.pem, key: device.key });
  expect([...loaded].filter((name) => name.startsWith('making/'))).toEqual([]);
  expect(loaded.size).toBeGreaterThan(10);
  expect(loaded.size).toBeLessThanOrEqual(23);
});
