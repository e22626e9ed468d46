import { X509Certificate } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { connectDevice } from 'azure-iot-x509';
import { startEmulator } from 'azure-iot-emulator';
import { run } from '../../src/cli/run';
import { describeWithOpenssl, openssl } from '../support/openssl';
import { directoryPerTest } from './support/directory';
import { MemoryIo } from './support/memory-io';

const directory = directoryPerTest();
const PASSPHRASE = 'open-sesame-42';
const terminal = { columns: 200 };

/** Runs `cert …` in the directory of the test; answers with the exit code and what was written. */
async function cert(args: readonly string[], io = new MemoryIo({ cwd: directory.path })) {
  const code = await run(['cert', ...args], io);
  return { code, io };
}

/** Like {@link cert}, for what must work. */
async function made(args: readonly string[], io?: MemoryIo): Promise<MemoryIo> {
  const { code, io: used } = await cert(args, io);
  expect({ code, err: used.err.replace(/^.* …\n/gm, '') }).toEqual({
    code: 0,
    err: expect.anything() as string,
  });
  return used;
}

const root = () => made(['root', '--cn', 'Contoso Root CA', '--subject', 'O=Contoso, Inc., C=CH']);
const byRoot = ['--ca', 'certificates/root.crt', '--ca-key', 'certificates/root.key'];
const read = (name: string) => readFileSync(directory.file(join('certificates', name)), 'utf8');
const x509 = (name: string) => new X509Certificate(read(name));
const mode = (name: string) => statSync(directory.file(join('certificates', name))).mode & 0o777;

describe('cert root', () => {
  test('makes a CA, and prints the purpose of each file and the next steps', async () => {
    const io = await root();
    const certificate = x509('root.crt');
    expect(certificate.subject).toBe('C=CH\nO=Contoso\\, Inc.\nCN=Contoso Root CA');
    expect(certificate.ca).toBe(true);
    expect(mode('root.key')).toBe(0o600);
    expect(io.out).toContain('Made a root CA: C=CH, O=Contoso, Inc., CN=Contoso Root CA');
    expect(io.out).toContain(certificate.fingerprint256.replaceAll(':', ''));
    const files = directory.file('certificates');
    expect(io.out).toContain(`Upload ${files}/root.crt`);
    expect(io.out).toContain(
      `cert verification --code CODE --ca ${files}/root.crt --ca-key ${files}/root.key`,
    );
    expect(io.out).toContain(`cert device --cn pump-1 --ca ${files}/root.crt --ca-key ${files}/root.key`);
    expect(readdirSync(files).sort()).toEqual(['root.crt', 'root.key']);
  });

  test('prints one JSON document with --json', async () => {
    const io = await made([
      ...['root', '--cn', 'R', '--subject', 'O=C', '--days', '30', '--algorithm', 'RSA-2048', '--json'],
    ]);
    expect(io.json).toMatchObject({
      kind: 'root CA',
      commonName: 'R',
      key: 'RSA 2048',
      daysLeft: 29,
      isAuthority: true,
      files: {
        certificate: directory.file('certificates/root.crt'),
        key: directory.file('certificates/root.key'),
      },
    });
  });

  test('encrypts the key with a passphrase from a variable, a file, or a prompt that asks twice', async () => {
    const line = ['root', '--cn', 'R', '--subject', 'O=C'];
    const fromVariable = new MemoryIo({ cwd: directory.path, env: { CA_PASS: PASSPHRASE } });
    await made([...line, '--passphrase-env', 'CA_PASS'], fromVariable);
    expect(read('root.key')).toContain('BEGIN ENCRYPTED PRIVATE KEY');
    writeFileSync(directory.file('passphrase'), `${PASSPHRASE}\n`);
    await made([...line, '--name', 'second', '--passphrase-file', 'passphrase']);
    expect(read('second.key')).toContain('BEGIN ENCRYPTED PRIVATE KEY');
    const asked = new MemoryIo({ cwd: directory.path, terminal })
      .answer('Passphrase for the new key: ', '')
      .answer('Passphrase for the new key: ', PASSPHRASE)
      .answer('once more: ', 'something else')
      .answer('Passphrase for the new key: ', PASSPHRASE)
      .answer('once more: ', PASSPHRASE);
    await made([...line, '--name', 'third', '--encrypt'], asked);
    expect(read('third.key')).toContain('BEGIN ENCRYPTED PRIVATE KEY');
    expect(asked.err).toContain('The two are different; try again.');
    // What was encrypted can be used with the same passphrase.
    const files = ['--ca', 'certificates/third.crt', '--ca-key', 'certificates/third.key'];
    const signing = new MemoryIo({ cwd: directory.path, env: { CA_PASS: PASSPHRASE } });
    await made(['device', '--cn', 'pump-1', ...files, '--ca-passphrase-env', 'CA_PASS'], signing);
  });

  test('refuses --encrypt where there is no terminal to ask for the passphrase', async () => {
    const { code, io } = await cert(['root', '--cn', 'R', '--subject', 'O=C', '--encrypt']);
    expect(code).toBe(2);
    expect(io.err).toContain('give --passphrase-env or --passphrase-file instead');
    expect(existsSync(directory.file('certificates'))).toBe(false);
  });

  test('replaces nothing without --force', async () => {
    await root();
    const before = read('root.key');
    const { code, io } = await cert(['root', '--cn', 'Other', '--subject', 'O=C']);
    expect(code).toBe(1);
    expect(io.err).toContain('root.crt exists already; nothing was overwritten.');
    expect(io.err).toContain('replace it with --force');
    expect(read('root.key')).toBe(before);
    await made(['root', '--cn', 'Other', '--subject', 'O=C', '--force']);
    expect(x509('root.crt').subject).toContain('CN=Other');
    expect(read('root.key')).not.toBe(before);
  });

  test('writes nothing when it is interrupted while it makes the key', async () => {
    const io = new MemoryIo({ cwd: directory.path });
    const making = cert(['root', '--cn', 'R', '--subject', 'O=C', '--algorithm', 'RSA-4096'], io);
    await io.until(({ err }) => err.includes('Making the key'));
    io.interrupt();
    expect((await making).code).toBe(130);
    expect(existsSync(directory.file('certificates'))).toBe(false);
  });

  test.each([
    ['no subject', ['--cn', 'R'], '--subject is missing: name the owner, e.g. --subject "O=Contoso".'],
    ['an unknown field', ['--cn', 'R', '--subject', 'serialNumbr=7'], 'Did you mean serialNumber?'],
    ['a CN among the fields', ['--cn', 'R', '--subject', '/O=x/CN=y'], 'give it with --cn'],
    ['a field without value', ['--cn', 'R', '--subject', 'O='], '--subject holds no value for O.'],
    ['a field twice', ['--cn', 'R', '--subject', 'O=a', '--subject', 'O=b'], '--subject holds O twice.'],
    ['a country in full', ['--cn', 'R', '--subject', 'C=Switzerland'], '--subject: C must be two letters'],
    ['a CN that is too long', ['--cn', 'R'.repeat(65), '--subject', 'O=C'], 'Shorten --cn to 64 characters'],
    ['half a day', ['--cn', 'R', '--subject', 'O=C', '--days', '0.5'], '--days must be a whole number'],
    ['a path as name', ['--cn', 'R', '--subject', 'O=C', '--name', '../root'], '--name must be a file name'],
  ])('refuses a command line with %s', async (_what, args, message) => {
    const { code, io } = await cert(['root', ...args]);
    expect(code).toBe(2);
    expect(io.err).toContain(message);
    expect(existsSync(directory.file('certificates'))).toBe(false);
  });

  test('names a directory that cannot be made', async () => {
    writeFileSync(directory.file('taken'), '');
    const { code, io } = await cert(['root', '--cn', 'R', '--subject', 'O=C', '--out', 'taken']);
    expect(code).toBe(1);
    expect(io.err).toMatch(/Cannot write .*taken/);
  });
});

test('cert root takes the subject as openssl writes it', async () => {
  await made(['root', '--cn', 'R', '--subject', '/O=Contoso\\/West/OU=Pumps, big/serialnumber=7']);
  expect(x509('root.crt').subject).toBe('O=Contoso/West\nOU=Pumps\\, big\nserialNumber=7\nCN=R');
});

describe('cert intermediate and cert device', () => {
  test('make a chain in the order leaf, intermediates, and pass on the subject', async () => {
    await root();
    await made(['intermediate', '--cn', 'Contoso Line 1', '--path-length', '1', ...byRoot]);
    const byLine1 = [
      '--ca',
      'certificates/contoso-line-1.crt',
      '--ca-key',
      'certificates/contoso-line-1.key',
    ];
    await made(['intermediate', '--cn', 'Line 2', '--name', 'line-2', ...byLine1]);
    // The chain beside the CA's certificate is found.
    const byLine2 = ['--ca', 'certificates/line-2.crt', '--ca-key', 'certificates/line-2.key'];
    const io = await made(['device', '--cn', 'pump-2', ...byLine2]);
    expect(io.err).toContain('line-2-chain.crt, which holds the intermediates above');
    const chain = read('pump-2-chain.crt')
      .split(/(?=-----BEGIN)/)
      .map((pem) => new X509Certificate(pem).subject.split('\n').at(-1));
    expect(chain).toEqual(['CN=pump-2', 'CN=Line 2', 'CN=Contoso Line 1']);
    expect(x509('pump-2.crt').subject).toBe('C=CH\nO=Contoso\\, Inc.\nCN=pump-2');
    expect(x509('pump-2.crt').ca).toBe(false);
    expect(mode('pump-2.key')).toBe(0o600);
    const files = directory.file('certificates');
    expect(io.out).toContain(
      `azure-iot-x509 check --enrollment hub-group --cert ${files}/pump-2-chain.crt --key ${files}/pump-2.key`,
    );
  });

  test('make a self-signed device certificate without --ca, for an individual enrollment', async () => {
    const io = await made(['device', '--cn', 'pump-1', '--subject', 'O=Contoso']);
    const certificate = x509('pump-1.crt');
    expect(certificate.verify(certificate.publicKey)).toBe(true);
    expect(io.out).toContain('Made a self-signed device certificate');
    expect(io.out).toContain('Individual enrollments');
    expect(io.out).toContain('--enrollment hub-individual');
    expect(readdirSync(directory.file('certificates')).sort()).toEqual(['pump-1.crt', 'pump-1.key']);
  });

  test.each([
    ['upper case', ['--cn', 'Pump-1'], 'Write pump-1, or add --keep-case'],
    ['characters of no registration ID', ['--cn', 'pump 1'], 'Write for example pump-1.'],
    ['a CA without its key', ['--cn', 'pump-1', '--ca', 'x.crt'], '--ca is given without --ca-key'],
    ['a key without its CA', ['--cn', 'pump-1', '--ca-key', 'x.key'], '--ca-key is given without --ca'],
  ])('refuse %s', async (_what, args, message) => {
    const { code, io } = await cert(['device', '--subject', 'O=C', ...args]);
    expect(code).toBe(2);
    expect(io.err).toContain(message);
  });

  test('keep upper case with --keep-case, and say which IDs IoT Central does not take', async () => {
    const io = await made(['device', '--cn', 'Pump_1', '--keep-case', '--subject', 'O=C']);
    expect(x509('Pump_1.crt').subject).toContain('CN=Pump_1');
    expect(io.err).toContain('IoT Central takes only letters, digits and "-"');
  });

  test('explain a CA that cannot sign, in terms of flags', async () => {
    await root();
    const missing = await cert(['device', '--cn', 'pump-1', '--ca', 'nix.crt', '--ca-key', 'nix.key']);
    expect(missing.code).toBe(1);
    expect(missing.io.err).toContain('(--ca) does not exist');
    const swapped = ['--ca', 'certificates/root.key', '--ca-key', 'certificates/root.crt'];
    const { io } = await cert(['device', '--cn', 'pump-1', ...swapped]);
    expect(io.err).toContain('Exchange the values of --ca and --ca-key.');
    await made(['device', '--cn', 'pump-1', ...byRoot]);
    const leaf = ['--ca', 'certificates/pump-1.crt', '--ca-key', 'certificates/pump-1.key'];
    const noAuthority = await cert(['device', '--cn', 'pump-2', ...leaf]);
    expect(noAuthority.code).toBe(2);
    expect(noAuthority.io.err).toContain('--ca is not a certificate authority');
    await made(['intermediate', '--cn', 'Line 1', ...byRoot]);
    const line = ['--ca', 'certificates/line-1.crt', '--ca-key', 'certificates/line-1.key'];
    const tooDeep = await cert(['intermediate', '--cn', 'Line 2', ...line]);
    expect(tooDeep.code).toBe(2);
    expect(tooDeep.io.err).toContain('path length is 0');
  });

  test('ask for the passphrase of the CA, again when it is wrong, and report that it is missing where there is no terminal', async () => {
    const env = { CA_PASS: PASSPHRASE };
    await made(
      ['root', '--cn', 'R', '--subject', 'O=C', '--passphrase-env', 'CA_PASS'],
      new MemoryIo({ cwd: directory.path, env }),
    );
    const question = `Passphrase of ${directory.file('certificates/root.key')}: `;
    const io = new MemoryIo({ cwd: directory.path, terminal })
      .answer(question, 'wrong-one-7')
      .answer(question, PASSPHRASE);
    await made(['device', '--cn', 'pump-1', ...byRoot], io);
    expect(io.err).toContain('That is not its passphrase; try again.');

    const nobody = await cert(['device', '--cn', 'pump-2', ...byRoot]);
    expect(nobody.code).toBe(1);
    expect(nobody.io.err).toContain('--ca-passphrase-env or --ca-passphrase-file');
    const wrong = new MemoryIo({ cwd: directory.path, env: { CA_PASS: 'wrong-one-7' } });
    expect(
      (await cert(['device', '--cn', 'pump-2', ...byRoot, '--ca-passphrase-env', 'CA_PASS'], wrong)).code,
    ).toBe(1);
    expect(existsSync(directory.file('certificates/pump-2.crt'))).toBe(false);
  });
});

describe('cert verification', () => {
  test('makes the certificate for the code, and keeps no key', async () => {
    await root();
    const io = await made(['verification', '--code', ' 1A2B3C ', ...byRoot]);
    expect(io.out).toContain('Made a verification certificate: CN=1A2B3C,');
    const proof = x509('verification.crt');
    expect(proof.subject).toBe('CN=1A2B3C');
    expect(proof.verify(x509('root.crt').publicKey)).toBe(true);
    expect(io.out).toContain('where the code was shown');
    expect(readdirSync(directory.file('certificates')).sort()).toEqual([
      'root.crt',
      'root.key',
      'verification.crt',
    ]);
    const again = await cert(['verification', '--code', 'XYZ', ...byRoot]);
    expect(again.code).toBe(1);
    expect(x509('verification.crt').subject).toBe('CN=1A2B3C');
  });

  test('names a required flag that is missing', async () => {
    const { code, io } = await cert(['verification']);
    expect(code).toBe(2);
    expect(io.err).toContain("required option '--code <code>' not specified");
  });

  test('refuses a path as --name', async () => {
    await root();
    const { code } = await cert(['verification', '--code', 'X', '--name', '../x', ...byRoot]);
    expect(code).toBe(2);
    expect(existsSync(directory.file('x.crt'))).toBe(false);
  });
});

test('a device connects with a certificate below a CA and an intermediate that the cert commands have made', async () => {
  await using emulator = await startEmulator({ retryAfterSeconds: 0 });
  await root();
  const { certificates, enrollmentGroups } = emulator.dps;
  certificates.upload({ name: 'ca', certificate: read('root.crt') });
  await made(['verification', '--code', certificates.generateVerificationCode('ca'), ...byRoot]);
  certificates.verify('ca', read('verification.crt'));
  enrollmentGroups.create({ enrollmentGroupId: 'group', certificateName: 'ca' });
  await made(['intermediate', '--cn', 'Line 1', ...byRoot]);
  const line = ['--ca', 'certificates/line-1.crt', '--ca-key', 'certificates/line-1.key'];
  await made(['device', '--cn', 'pump-2', ...line]);
  const connection = await connectDevice({
    enrollment: 'hub-group',
    idScope: emulator.idScope,
    globalEndpoint: emulator.globalEndpoint,
    ca: emulator.ca,
    certFile: directory.file('certificates/pump-2-chain.crt'),
    keyFile: directory.file('certificates/pump-2.key'),
  });
  expect(connection.registration.deviceId).toBe('pump-2');
  await connection.close();
});

describeWithOpenssl('openssl verify', () => {
  test('accepts a chain that the cert commands have made, for TLS clients', async () => {
    await root();
    await made(['intermediate', '--cn', 'Line 1', ...byRoot]);
    const line = ['--ca', 'certificates/line-1.crt', '--ca-key', 'certificates/line-1.key'];
    await made(['device', '--cn', 'pump-2', ...line]);
    const cwd = directory.file('certificates');
    const verified = await openssl(
      [
        'verify',
        '-x509_strict',
        '-purpose',
        'sslclient',
        '-CAfile',
        'root.crt',
        '-untrusted',
        'line-1.crt',
        'pump-2.crt',
      ],
      { cwd },
    );
    expect(verified).toBe('pump-2.crt: OK\n');
  });
});

test('cert root leaves no certificate behind when its key cannot be written', async () => {
  mkdirSync(directory.file('certificates/root.key'), { recursive: true });
  const { code } = await cert(['root', '--cn', 'R', '--subject', 'O=C', '--force']);
  expect(code).toBe(1);
  expect(readdirSync(directory.file('certificates'))).toEqual(['root.key']);
});
