import { writeFile } from 'node:fs/promises';
import { describeWithOpenssl, openssl } from '../../../../test/support/openssl';
import { createDeviceCertificate } from '../../src/making/create';
import { loadCertificate } from '../../src/making/load';
import { useTemporaryDirectory } from '../making/temporary-directory';
import { chainOf, day, inGroup } from '../support/cases';
import { check, errors, finding, names } from '../support/check';
import { ecKeys, GOOD_SUBJECT, make, type Made, type Recipe } from '../support/make';

/* An authority that is renewed or cross-signed has several certificates with one name and one key. */

const keys = { oldRoot: ecKeys(), newRoot: ecKeys(), line: ecKeys() };
const authority = (name: string, recipe: Recipe): Made =>
  make({ subject: [['CN', name]], ca: true, keyUsage: [5, 6], ...recipe });
const oldRoot = authority('Root 1', { keys: keys.oldRoot });
const newRoot = authority('Root 2', { keys: keys.newRoot });
const crossedRoot = authority('Root 2', { keys: keys.newRoot, issuer: oldRoot });
const line = authority('Line', { keys: keys.line, issuer: oldRoot });
const crossedLine = authority('Line', { keys: keys.line, issuer: newRoot });
const renewedLine = authority('Line', { keys: keys.line, issuer: oldRoot, notAfter: day(900) });
const expiredLine = authority('Line', {
  keys: keys.line,
  issuer: oldRoot,
  notAfter: day(-1),
  notBefore: day(-9),
});
const endingLine = authority('Line', { keys: keys.line, issuer: oldRoot, notAfter: day(9) });
const shallowLine = authority('Line', { keys: keys.line, issuer: crossedRoot, ca: { pathLength: 0 } });
const weakLine = authority('Line', { keys: keys.line, issuer: oldRoot, hash: 'sha1' });
const device = make({ subject: GOOD_SUBJECT, issuer: line });

const sent = async (...parts: Made[]): Promise<string[]> => {
  const report = await check({ ...chainOf(...parts), ...inGroup });
  expect(errors(report)).toEqual([]);
  return report.chain.map(String);
};
const pems = (...parts: Made[]): string[] => parts.map(({ pem }) => pem);

describe('every certificate that leads up from the device is sent, in the order given:', () => {
  test.each<[string, Made[], Made[]]>([
    ['a cross-signed intermediate', [line, crossedLine], [line, crossedLine]],
    ['one in the other order', [crossedLine, line], [crossedLine, line]],
    ['a renewed intermediate', [line, renewedLine], [line, renewedLine]],
    ['a new root that the old one signed', [crossedLine, crossedRoot], [crossedLine, crossedRoot]],
    ['the same with both roots', [crossedLine, crossedRoot, newRoot, oldRoot], [crossedLine, crossedRoot]],
    [
      'all of them',
      [line, renewedLine, crossedLine, crossedRoot],
      [line, renewedLine, crossedLine, crossedRoot],
    ],
    [
      'an expired intermediate beside its renewed one',
      [expiredLine, renewedLine],
      [expiredLine, renewedLine],
    ],
    ['an expired one beside one of the other root', [expiredLine, crossedLine], [expiredLine, crossedLine]],
    ['an authority whose limit one path exceeds', [shallowLine, crossedRoot], [shallowLine, crossedRoot]],
  ])('%s', async (_name, given, expected) => {
    expect(await sent(device, ...given)).toEqual(pems(...expected));
  });

  test('but not one with a signature that OpenSSL refuses, if another path has none', async () => {
    expect(await sent(device, weakLine, crossedLine)).toEqual(pems(crossedLine));
    expect(errors(await check({ ...chainOf(device, weakLine), ...inGroup }))).toEqual([
      'signature-algorithm',
    ]);
  });
});

test('certificates of several paths are put in order if one of them stands before what it issued', async () => {
  const report = await check({ ...chainOf(device, crossedRoot, line, crossedLine), ...inGroup });
  expect(names(report)).toEqual(['info chain-in-order']);
  const order = report.chain.map(String);
  expect(order.indexOf(crossedRoot.pem)).toBeGreaterThan(order.indexOf(crossedLine.pem));
  expect(order).toHaveLength(3);
});

test('an expired intermediate is an error if no other path is valid, and a warning if that has another root', async () => {
  const options = (...parts: Made[]) => ({ ...chainOf(device, ...parts), ...inGroup });
  expect(errors(await check(options(expiredLine)))).toEqual(['chain-valid-now']);
  expect(names(await check(options(expiredLine, renewedLine)))).toEqual([]);
  expect(names(await check(options(endingLine, renewedLine)))).toEqual([]);
  const crossed = await check(options(expiredLine, crossedLine));
  expect(names(crossed)).toEqual(['warning chain-not-expiring-soon']);
  expect(finding(crossed, 'chain-not-expiring-soon').message).toMatch(/"CN=Line" expired at/);
});

test('of two certificates of one device, the valid one is presented', async () => {
  const own = ecKeys();
  const [expired, renewed] = [day(-1), day(300)].map((notAfter) =>
    make({ subject: GOOD_SUBJECT, issuer: line, keys: own, notAfter, notBefore: day(-9) }),
  ) as [Made, Made];
  const report = await check({ ...chainOf(expired, renewed, line), ...inGroup });
  expect(report.certificate?.toString()).toBe(renewed.pem);
  expect(errors(report)).toEqual([]);
});

test('a file of 32 authorities of one name that signed each other is read in good time', async () => {
  const ring = Array.from({ length: 31 }, () => ecKeys()).map((own, index, all) =>
    authority('Ring', { keys: own, issuer: authority('Ring', { keys: all[(index * 7) % 31] ?? own }) }),
  );
  const leaf = make({ subject: GOOD_SUBJECT, ...(ring[0] && { issuer: ring[0] }) });
  const start = performance.now();
  await check({ ...chainOf(leaf, ...ring), ...inGroup });
  expect(performance.now() - start).toBeLessThan(2000);
});

describe('an authority with several certificates signs devices', () => {
  test('whose chain has every path', async () => {
    const issuer = await loadCertificate({
      cert: line.pem + crossedLine.pem + crossedRoot.pem + oldRoot.pem,
      key: line.key,
    });
    expect(issuer.certificate).toBe(line.pem);
    const made = await createDeviceCertificate({ commonName: 'pump-1', issuer });
    expect(made.chain).toEqual(pems(line, crossedLine, crossedRoot));
    const root = await loadCertificate({ cert: newRoot.pem + crossedRoot.pem, key: newRoot.key });
    expect((await createDeviceCertificate({ commonName: 'pump-1', issuer: root })).chain).toEqual(
      pems(crossedRoot),
    );
  });
});

describeWithOpenssl('openssl verify finds a path in what is sent', () => {
  const at = useTemporaryDirectory();

  test.each<[string, Made[], Made[]]>([
    // OpenSSL follows the first issuer that it finds.
    ['to the old root, whose intermediate comes first', [line, crossedLine], [oldRoot]],
    ['to the new root, whose intermediate comes first', [crossedLine, line], [newRoot]],
    ['to either root through the new one', [crossedLine, newRoot, crossedRoot], [oldRoot, newRoot]],
    ['from a renewed intermediate', [expiredLine, renewedLine], [oldRoot]],
  ])('%s', async (_name, given, roots) => {
    await writeFile(at('leaf.pem'), device.pem);
    await writeFile(at('sent.pem'), (await sent(device, ...given)).join(''));
    for (const root of roots) {
      await writeFile(at('root.pem'), root.pem);
      const args = ['verify', '-CAfile', at('root.pem'), '-untrusted', at('sent.pem'), at('leaf.pem')];
      expect(await openssl(args)).toContain('OK');
    }
  });
});
