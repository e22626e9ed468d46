import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CredentialsError } from '../../src/errors';
import { RULES } from '../../src/checking/rules';
import { chainOf, day, good, inGroup, subject, under, type Case } from '../support/cases';
import { CHAIN_CASES } from '../support/chain-cases';
import { check, finding, names } from '../support/check';
import { LEAF_CASES, weak } from '../support/leaf-cases';
import { ecKeys, make, makeHierarchy, rsaKeys } from '../support/make';

const tree = makeHierarchy();
const covered = new Set<string>();
afterAll(() => {
  const uncovered = RULES.filter(({ name }) => !covered.has(name)).map(({ name }) => name);
  expect(uncovered).toEqual([]);
});

describe('every rule finds an input that breaks this rule alone, and nothing in a similar good one', () => {
  // Findings that cannot be avoided: a leaf without a chain in a group always has one of them.
  const beside = new Set(['info chain-reaches-enrolled-authority', 'info chain-root-not-sent']);

  test.each([...LEAF_CASES, ...CHAIN_CASES])(
    '$rule ($expected): $message',
    async ({ rule, expected, enrollment, breaks, passes, message }) => {
      covered.add(rule);
      const options = (one: Case['breaks']): Parameters<typeof check>[0] => ({
        ...(enrollment === undefined ? {} : { enrollment }),
        ...(typeof one === 'function' ? chainOf(one()) : one),
      });
      const broken = await check(options(breaks));
      const shown = names(broken).filter((name) => name === `${expected} ${rule}` || !beside.has(name));
      expect(shown).toEqual([`${expected} ${rule}`]);
      expect(finding(broken, rule).message).toMatch(message);
      expect(finding(broken, rule).remedy).not.toBe('');
      expect(broken.ok).toBe(expected !== 'error');
      const passed = names(await check(options(passes))).filter((name) => !beside.has(name));
      expect(passed.filter((name) => name.endsWith(` ${rule}`))).toEqual([]);
      expect(passed).toEqual([]);
    },
  );

  test('tls-accepts-credentials finds credentials that OpenSSL refuses and no other rule reports', async () => {
    covered.add('tls-accepts-credentials');
    const leaf = under(weak, { hash: 'sha1' });
    const skipChecks = ['signature-algorithm'];
    const report = await check({ ...chainOf(leaf), skipChecks });
    expect(names(report)).toEqual(['error tls-accepts-credentials']);
    expect(finding(report, 'tls-accepts-credentials').message).toContain('ERR_SSL_CA_MD_TOO_WEAK');
    expect(names(await check({ ...chainOf(under(weak)), skipChecks }))).toEqual([]);
  });
});

const isPosix = process.platform !== 'win32';
test(`key-file-permissions finds a key that every user may read${isPosix ? '' : ' (NOT tried: no POSIX modes)'}`, async () => {
  covered.add('key-file-permissions');
  if (!isPosix) return;
  const directory = mkdtempSync(join(tmpdir(), 'credentials-'));
  const keyFile = join(directory, 'key.pem');
  const { pem: cert, key } = good();
  writeFileSync(keyFile, key, { mode: 0o644 });
  const report = await check({ cert, keyFile });
  expect(names(report)).toEqual(['warning key-file-permissions']);
  expect(finding(report, 'key-file-permissions')).toMatchObject({
    message: `The file "${keyFile}" (keyFile) may be read or changed by every user of this machine (mode 644).`,
    remedy: `chmod 600 ${keyFile}`,
  });
  chmodSync(keyFile, 0o640);
  expect(names(await check({ cert, keyFile }))).toEqual([]);
  rmSync(directory, { recursive: true });
});

describe('the table of rules', () => {
  test('has a unique name in kebab-case and a source for each rule', () => {
    expect(new Set(RULES.map(({ name }) => name)).size).toBe(RULES.length);
    for (const { name, source } of RULES) {
      expect(name).toMatch(/^[a-z]+(-[a-z]+)+$/);
      expect(source.length).toBeGreaterThan(20);
    }
  });

  test('lets a rule depend on earlier rules only', () => {
    const before = new Set<string>();
    for (const { name, unless = [] } of RULES) {
      for (const other of unless) expect(before).toContain(other);
      before.add(name);
    }
  });

  test('has no rule that skipChecks cannot skip', async () => {
    const report = await check({
      ...chainOf(make({ notAfter: day(-0.5) })),
      skipChecks: RULES.map(({ name }) => name),
    });
    expect(report).toMatchObject({ ok: true, findings: [] });
  });
});

describe('one cause leads to one error', () => {
  test('when an authority is presented as a device', async () => {
    const root = make({ subject: [['CN', 'My Root CA']], ca: true, keyUsage: [5, 6] });
    expect(names(await check({ ...chainOf(root), ...inGroup }))).toEqual(['error leaf-is-no-authority']);
  });

  test('which names both kinds of key when certificate and private key differ in them', async () => {
    const report = await check({ cert: tree.device.pem, key: good({ keys: rsaKeys(2048) }).key });
    expect(finding(report, 'key-matches-certificate').message).toContain(
      'the certificate holds EC P-256, the private key is RSA 2048',
    );
  });

  test('when a common name breaks several rules for names', async () => {
    const report = await check({
      ...chainOf(good({ subject: subject('a b.') })),
      enrollment: 'central-group',
      skipChecks: ['leaf-is-not-self-signed'],
    });
    expect(names(report)).toContain('error common-name-characters');
    expect(names(report).filter((name) => name.startsWith('error'))).toHaveLength(1);
  });
});

test('IoT Central groups and DPS groups share the rules of the chain', async () => {
  const { device, intermediate } = tree;
  for (const enrollment of ['hub-group', 'central-group'] as const) {
    expect(names(await check({ ...chainOf(device, intermediate), enrollment }))).toEqual([]);
  }
});

test('inspectCredentials judges validity at the given time', async () => {
  const { device } = tree;
  const report = await check(chainOf(device), new Date('1970-01-01T00:05:00Z'));
  const { message, remedy } = finding(report, 'certificate-already-valid');
  expect(message).toContain('the clock of this machine says 1970-01-01T00:05:00Z and is not set');
  expect(remedy).not.toContain('openssl');
  expect(new CredentialsError(report).isTransient).toBe(true);
  const expired = await check({ ...chainOf(device), registrationId: 'other' }, new Date(0));
  expect(new CredentialsError(expired).isTransient).toBe(false);
});

test('findings escape the control characters of hostile names', async () => {
  const report = await check(
    chainOf(make({ subject: [['CN', 'a\u001b[31m\u202e$(rm -rf ~)']], keys: ecKeys() })),
  );
  const usage = await check(chainOf(make({ subject: [['CN', 'a\u001b[31m']], keyUsage: [2] })));
  const text = [...report.findings, ...usage.findings].map(({ message, remedy }) => message + remedy).join();
  expect(finding(report, 'common-name-characters').message).toContain(String.raw`\u001b[31m\u202e`);
  expect(text).not.toMatch(/\p{Cc}|\u202e/u);
});
