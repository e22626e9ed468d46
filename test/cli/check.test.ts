import { chmodSync, writeFileSync } from 'node:fs';
import {
  createDeviceCertificate,
  createRootCertificate,
  createSelfSignedCertificate,
  writeCertificate,
} from 'azure-iot-certificates';
import { run } from '../../src/cli/run';
import { directoryPerTest } from './support/directory';
import { MemoryIo } from './support/memory-io';

const directory = directoryPerTest();
const PASSPHRASE = 'open-sesame-42';

const newIo = (env: Record<string, string> = {}) => new MemoryIo({ cwd: directory.path, env });

async function check(args: readonly string[], io = newIo()) {
  const code = await run(['check', ...args], io);
  return { code, io };
}

/** A device of an enrollment group, in files of the test's directory. */
async function device(name = 'pump-2', passphrase?: string): Promise<readonly string[]> {
  const subject = { organization: 'Contoso' };
  const issuer = await createRootCertificate({ commonName: 'Root', subject });
  const certificate = await createDeviceCertificate({ commonName: name, subject, issuer });
  await writeCertificate(certificate, {
    directory: directory.path,
    name,
    ...(passphrase !== undefined && { passphrase }),
  });
  return ['--enrollment', 'hub-group', '--cert', `${name}.crt`, '--key', `${name}.key`];
}

describe('check', () => {
  test('describes credentials that can work, and says that they are ready', async () => {
    const { code, io } = await check(await device());
    expect(code).toBe(0);
    expect(io.err).toBe('');
    expect(io.out).toContain('Certificate "pump-2", EC P-256, valid until ');
    expect(io.out).toContain('"pump-2" is ready for hub-group: ');
  });

  test('explains what is wrong in terms of flags, worst first, and ends with 1', async () => {
    const flags = await device();
    const other = await createSelfSignedCertificate({ commonName: 'other' });
    await writeCertificate(other, { directory: directory.path, name: 'other' });
    chmodSync(directory.file('other.key'), 0o644);
    const { code, io } = await check([...flags.slice(0, -1), 'other.key']);
    expect(code).toBe(1);
    expect(io.out).toMatch(
      /✖ error key-matches-certificate\n {2}The private key .*\(--key\) does not belong/,
    );
    expect(io.out).toMatch(/\n {2}What to do: /);
    expect(io.out.indexOf('✖ error')).toBeLessThan(io.out.indexOf('! warning'));
    expect(io.out).toContain('"pump-2" cannot connect as hub-group: 1 error, 1 warning and 1 note.');
  });

  test('prints one JSON document with --json', async () => {
    const flags = await device();
    const { code, io } = await check([...flags, '--registration-id', 'pump-3', '--json']);
    expect(code).toBe(1);
    expect(io.json).toMatchObject({
      ok: false,
      enrollment: 'hub-group',
      registrationId: 'pump-3',
      certificate: { commonName: 'pump-2', kind: 'device certificate' },
      chain: [],
    });
    const { findings } = io.json as { findings: { rule: string; message: string }[] };
    const finding = findings.find(({ rule }) => rule === 'common-name-is-registration-id');
    expect(finding?.message).toContain('--registration-id is "pump-3"');
  });

  test('passes over the checks that are to be skipped', async () => {
    const flags = await device();
    const skip = ['--skip-check', 'common-name-is-registration-id', '--registration-id', 'pump-3'];
    expect((await check([...flags, ...skip])).code).toBe(0);
    const unknown = await check([...flags, '--skip-check', 'nonsense']);
    expect(unknown.code).toBe(2);
    expect(unknown.io.err).toContain('--skip-check names the unknown rule "nonsense"');
  });

  test('checks the settings that only connecting needs, too', async () => {
    const { code, io } = await check([...(await device()), '--id-scope', 'a b', '--endpoint', 'https://x']);
    expect(code).toBe(2);
    expect(io.err).toContain('--id-scope must be letters and digits');
    expect(io.err).toContain('--endpoint must be a host name');
  });

  test('names everything that is missing, and where it can come from', async () => {
    const { code, io } = await check([]);
    expect(code).toBe(2);
    for (const [flag, variable] of [
      ['--enrollment', 'ENROLLMENT_KIND'],
      ['--cert', 'CERTIFICATE_FILE'],
      ['--key', 'KEY_FILE'],
    ]) {
      expect(io.err).toContain(`${flag} is missing: `);
      expect(io.err).toContain(`environment variable ${variable}`);
    }
    expect(io.err).not.toContain('--id-scope is missing');
  });
});

describe('the passphrase of the key, in check,', () => {
  test('comes from the variable that is named, from a file, or from KEY_PASSPHRASE', async () => {
    const flags = await device('pump-2', PASSPHRASE);
    writeFileSync(directory.file('passphrase'), `${PASSPHRASE}\n`);
    const named = await check([...flags, '--passphrase-env', 'MINE'], newIo({ MINE: PASSPHRASE }));
    const fromFile = await check([...flags, '--passphrase-file', 'passphrase']);
    const usual = await check(flags, newIo({ KEY_PASSPHRASE: PASSPHRASE }));
    expect([named.code, fromFile.code, usual.code]).toEqual([0, 0, 0]);
  });

  test('is asked for at a terminal, three times at most', async () => {
    const flags = await device('pump-2', PASSPHRASE);
    const question = `Passphrase of ${directory.file('pump-2.key')}: `;
    const terminal = { columns: 200 };
    const io = new MemoryIo({ cwd: directory.path, terminal })
      .answer(question, 'wrong-one-7')
      .answer(question, PASSPHRASE);
    expect((await check(flags, io)).code).toBe(0);
    expect(io.err).toContain('That is not its passphrase; try again.');
    const stubborn = new MemoryIo({ cwd: directory.path, terminal });
    for (let tries = 0; tries < 3; tries += 1) stubborn.answer(question, 'wrong-one-7');
    expect((await check(flags, stubborn)).code).toBe(1);
    expect(stubborn.out).toContain('The passphrase does not decrypt the private key');
  });

  test('that is missing where nobody can be asked is an error that says how to give it', async () => {
    const { code, io } = await check(await device('pump-2', PASSPHRASE));
    expect(code).toBe(1);
    expect(io.out).toContain('no passphrase is given');
    expect(io.out).toContain('--passphrase-env or --passphrase-file');
  });
});
