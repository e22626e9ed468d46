import { X509Certificate } from 'node:crypto';
import { cpSync, existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRootCertificate } from 'azure-iot-certificates';
import { createServerCertificate } from '../../../certificates/src/making/server';
import { keepServerIdentity, type ServerIdentity } from '../../src/state/server-identity';
import { useTemporaryDirectory } from '../../../certificates/test/making/temporary-directory';

const path = useTemporaryDirectory();
const DAY_MS = 86_400_000;

type Kept = Pick<ServerIdentity, 'ca' | 'credentials'>;

async function keep(hostNames = ['localhost']): Promise<Kept> {
  const { ca, credentials } = await keepServerIdentity(path('server'), hostNames);
  return { ca, credentials };
}

function leafOf({ credentials }: Kept): X509Certificate {
  return new X509Certificate(credentials.certificate);
}

/** The leaf is below the root, has its key, and is good for that host. */
function expectSound(identity: Kept, hostName = 'localhost'): void {
  const leaf = leafOf(identity);
  expect(leaf.verify(new X509Certificate(identity.ca).publicKey)).toBe(true);
  expect(leaf.checkHost(hostName)).toBe(hostName);
  expect(leaf.checkIP('127.0.0.1')).toBe('127.0.0.1');
  expect(leaf.checkIP('::1')).toBe('::1');
}

/** Puts a server certificate in the place of the kept one that ends in so many days. */
async function endIn(days: number): Promise<void> {
  const root = await createRootCertificate({ commonName: 'root' });
  const server = await createServerCertificate({
    issuer: root,
    hostNames: ['localhost', '127.0.0.1', '::1'],
    validity: { notAfter: new Date(Date.now() + days * DAY_MS) },
  });
  writeFileSync(path('server', 'root.pem'), root.certificate);
  writeFileSync(path('server', 'root-key.pem'), root.privateKey);
  writeFileSync(path('server', 'certificate.pem'), server.fullChain);
  writeFileSync(path('server', 'key.pem'), server.privateKey);
}

test('The identity of the servers is made once and stays', async () => {
  const first = await keep();
  expectSound(first);
  expect(readdirSync(path('server')).sort()).toEqual([
    'certificate.pem',
    'key.pem',
    'root-key.pem',
    'root.pem',
  ]);
  expect(readdirSync(path())).toEqual(['server']);
  expect(await keep()).toEqual(first);
});

test('The identity of the servers is made in an empty folder', async () => {
  await keep();
  for (const name of readdirSync(path('server'))) rmSync(path('server', name));
  expectSound(await keep());
});

test('A new host name leads to a new server certificate under the same root', async () => {
  const first = await keep();
  const second = await keep(['gateway.example.org', 'localhost']);
  expectSound(second, 'gateway.example.org');
  expect(second.ca).toBe(first.ca);
  expect(await keep(['gateway.example.org'])).toEqual(second);
});

test('A server certificate that ends soon is replaced, under the same root', async () => {
  await keep();
  await endIn(89);
  const ca = readFileSync(path('server', 'root.pem'), 'utf8');
  const renewed = await keep();
  expectSound(renewed);
  expect(renewed.ca).toBe(ca);
  expect(new Date(leafOf(renewed).validTo).getTime()).toBeGreaterThan(Date.now() + 300 * DAY_MS);
});

test('A server certificate that does not end soon is kept', async () => {
  await keep();
  await endIn(91);
  const before = readFileSync(path('server', 'certificate.pem'), 'utf8');
  expect((await keep()).credentials.certificate).toBe(before);
});

test('A server certificate that ends with its root is kept until then', async () => {
  await keep();
  const root = await createRootCertificate({ commonName: 'root', validity: { days: 5 } });
  const server = await createServerCertificate({
    issuer: root,
    hostNames: ['localhost', '127.0.0.1', '::1'],
  });
  writeFileSync(path('server', 'root.pem'), root.certificate);
  writeFileSync(path('server', 'certificate.pem'), server.certificate);
  writeFileSync(path('server', 'key.pem'), server.privateKey);
  expect((await keep()).credentials.certificate).toBe(server.certificate);
});

test.each([
  ['the certificate is missing', () => rmSync(path('server', 'certificate.pem'))],
  ['the key is missing', () => rmSync(path('server', 'key.pem'))],
  [
    'only one of the two had been replaced',
    () => cpSync(path('server', 'root-key.pem'), path('server', 'key.pem')),
  ],
])('The certificate and the key of the servers are both made anew when %s', async (_what, damage) => {
  const first = await keep();
  damage();
  const second = await keep();
  expectSound(second);
  expect(second.ca).toBe(first.ca);
  expect(leafOf(second).raw).not.toEqual(leafOf(first).raw);
});

test('The key of the root can be kept elsewhere until it is needed', async () => {
  const first = await keep();
  rmSync(path('server', 'root-key.pem'));
  expect(await keep()).toEqual(first);
  await expect(keep(['other.example.org'])).rejects.toMatchObject({
    code: 'FILE_NOT_READABLE',
    path: path('server', 'root-key.pem'),
    message: expect.stringContaining(
      "It is needed because the server's certificate does not name other.example.org",
    ) as string,
  });
});

test.each<[string, string, () => void]>([
  [
    'root.pem',
    'it is missing, and other files of the server are there',
    () => rmSync(path('server', 'root.pem')),
  ],
  ['root.pem', 'cannot be used', () => writeFileSync(path('server', 'root.pem'), 'no certificate')],
  ['certificate.pem', 'cannot be used', () => writeFileSync(path('server', 'certificate.pem'), '')],
  [
    'key.pem',
    'cannot be used',
    () => writeFileSync(path('server', 'key.pem'), '-----BEGIN PRIVATE KEY-----\n'),
  ],
])('A damaged %s of the servers is refused and left unchanged: %s', async (name, message, damage) => {
  await keep();
  damage();
  const before = existsSync(path('server', name)) ? readFileSync(path('server', name)) : undefined;
  await expect(keep()).rejects.toMatchObject({
    code: 'FILE_NOT_READABLE',
    path: path('server', name),
    message: expect.stringContaining(message) as string,
    remedy: expect.stringContaining('Put a copy of the file back. Or move the folder server away') as string,
  });
  expect(existsSync(path('server', name)) ? readFileSync(path('server', name)) : undefined).toEqual(before);
});

test('A server certificate of another root is refused', async () => {
  await keep();
  const root = readFileSync(path('server', 'root.pem'));
  await endIn(200);
  writeFileSync(path('server', 'root.pem'), root);
  await expect(keep()).rejects.toThrow('certificate.pem cannot be used: root.pem has not issued it');
});

test('A root of the servers that has expired is refused', async () => {
  await keep();
  const root = await createRootCertificate({
    commonName: 'root',
    validity: { notBefore: new Date(Date.now() - 2 * DAY_MS), notAfter: new Date(Date.now() - DAY_MS) },
  });
  writeFileSync(path('server', 'root.pem'), root.certificate);
  await expect(keep()).rejects.toThrow('root.pem cannot be used: it has expired on');
});
