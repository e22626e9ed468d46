import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { inspect } from 'node:util';
import {
  createDeviceCertificate,
  createIntermediateCertificate,
  createRootCertificate,
  loadCertificate,
  writeCertificate,
  type IssuedCertificate,
} from 'azure-iot-certificates';
import { CredentialsError, FileError } from '../../src/errors';
import { describeWithOpenssl, openssl } from '../../../../test/support/openssl';
import { problemsOf } from './problems';
import { useTemporaryDirectory } from './temporary-directory';

const at = useTemporaryDirectory();

async function errorOf(promise: Promise<unknown>): Promise<unknown> {
  return await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
}

/** The messages of the `CredentialsError` that the promise rejects with. */
async function findingsOf(promise: Promise<unknown>): Promise<string[]> {
  const error = await errorOf(promise);
  if (!(error instanceof CredentialsError)) throw new Error(`Not a CredentialsError: ${String(error)}`);
  expect(error.code).toBe('CREDENTIALS_INVALID');
  for (const { remedy } of error.report.findings) expect(remedy).not.toBe('');
  return error.report.findings.map(({ message }) => message);
}

describe('loadCertificate', () => {
  let root: IssuedCertificate;
  let upper: IssuedCertificate;
  let lower: IssuedCertificate;
  beforeAll(async () => {
    root = await createRootCertificate({ commonName: 'Root' });
    upper = await createIntermediateCertificate({ commonName: 'Upper', issuer: root, pathLength: 1 });
    lower = await createIntermediateCertificate({ commonName: 'Lower', issuer: upper });
  });

  test('reads what writeCertificate wrote, so that the issuer survives a restart', async () => {
    const passphrase = 'secret';
    const written = await writeCertificate(lower, { directory: at(), name: 'lower', passphrase });
    const issuer = await loadCertificate({
      certFile: written.deviceCertFile,
      keyFile: written.keyFile,
      passphrase,
    });
    expect(issuer.thumbprint).toBe(lower.thumbprint);
    expect(issuer.privateKey).toBe(lower.privateKey);
    expect(issuer.chain).toEqual([upper.certificate]);
    const device = await createDeviceCertificate({ commonName: 'sensor-17', issuer });
    expect(device.chain).toEqual([lower.certificate, upper.certificate]);
  });

  test('leaves out roots, repetitions and text, and puts the chain in order', async () => {
    const cert = Buffer.from(
      `\uFEFFBag Attributes\r\n${[root, upper, lower, lower].map((one) => one.certificate.replaceAll('\n', ' \r\n')).join('')}`,
    );
    const loaded = await loadCertificate({
      cert,
      key: ` comment\n${lower.privateKey.replaceAll('\n', '\r\n')}`,
    });
    expect(loaded.thumbprint).toBe(lower.thumbprint);
    expect(loaded.fullChain).toBe(lower.certificate + upper.certificate);
  });

  test('gives a root no chain', async () => {
    const { chain } = await loadCertificate({ cert: root.certificate, key: root.privateKey });
    expect(chain).toEqual([]);
  });

  test('refuses a key that does not belong to the certificate', async () => {
    const promise = loadCertificate({ cert: upper.certificate, key: lower.privateKey });
    expect(await findingsOf(promise)).toEqual([
      'The private key in option key does not belong to the certificate in option cert.',
    ]);
  });

  test('refuses certificates that are not part of the chain', async () => {
    const cert =
      lower.certificate +
      (await createIntermediateCertificate({ commonName: 'Else', issuer: root })).certificate;
    expect(await findingsOf(loadCertificate({ cert, key: lower.privateKey }))).toEqual([
      'Option cert holds what is not part of the chain, or an intermediate below it is missing: "CN=Else".',
    ]);
  });

  test('refuses an intermediate whose key did not sign the certificate below it', async () => {
    const again = await createIntermediateCertificate({ commonName: 'Upper', issuer: root, pathLength: 1 });
    const cert = lower.certificate + again.certificate;
    expect(await findingsOf(loadCertificate({ cert, key: lower.privateKey }))).toEqual([
      'Option cert holds what is not part of the chain, or an intermediate below it is missing: "CN=Upper".',
    ]);
    const both = loadCertificate({ cert: cert + upper.certificate, key: lower.privateKey });
    expect(await findingsOf(both)).toHaveLength(1);
  });

  test('refuses the certificates above a gap', async () => {
    const device = await createDeviceCertificate({ commonName: 'sensor-17', issuer: lower });
    const cert = device.certificate + upper.certificate + root.certificate;
    expect(await findingsOf(loadCertificate({ cert, key: device.privateKey }))).toEqual([
      'Option cert holds what is not part of the chain, or an intermediate below it is missing: "CN=Upper".',
    ]);
  });

  test('leaves out roots that are not part of the chain', async () => {
    const foreign = await createRootCertificate({ commonName: 'Foreign' });
    const cert = foreign.certificate + lower.fullChain;
    const { chain } = await loadCertificate({ cert, key: lower.privateKey });
    expect(chain).toEqual([upper.certificate]);
  });

  test('refuses a certificate below the one that the key belongs to', async () => {
    const device = await createDeviceCertificate({ commonName: 'sensor-17', issuer: lower });
    const cert = device.fullChain;
    expect(await findingsOf(loadCertificate({ cert, key: lower.privateKey }))).toEqual([
      'Option cert holds what is not part of the chain, or an intermediate below it is missing: "CN=sensor-17".',
    ]);
  });

  test('refuses a passphrase that is wrong, missing or empty', async () => {
    const key = root.exportPrivateKey('right');
    const load = (passphrase?: string) =>
      loadCertificate({ cert: root.certificate, key, ...(passphrase === undefined ? {} : { passphrase }) });
    expect(await findingsOf(load('wrong'))).toEqual([
      'Option passphrase does not decrypt the private key in option key.',
    ]);
    expect(await findingsOf(load())).toEqual([
      'The private key in option key is encrypted (PBES2 with AES-256-CBC), but option passphrase is not given.',
    ]);
    expect(await problemsOf(load(''))).toEqual(['passphrase is empty.']);
  });

  test('lists all problems with its options', async () => {
    const { certificate, privateKey } = root;
    const damaged = (pem: string) => pem.replace(/\n.{20}/, '\nAAAAAAAAAAAAAAAAAAAA');
    expect(await findingsOf(loadCertificate({ cert: 'x', key: 'y' }))).toEqual([
      expect.stringMatching(/^Option cert holds .*, but a certificate is expected there\.$/),
      expect.stringMatching(/^Option key holds .*, but a private key is expected there\.$/),
    ]);
    expect(
      await findingsOf(loadCertificate({ cert: damaged(certificate), key: damaged(privateKey) })),
    ).toEqual([
      expect.stringMatching(/^In option cert, the CERTIFICATE block that starts in line 1 /),
      expect.stringMatching(/^In option key, the PRIVATE KEY block that starts in line 1 /),
    ]);
    // @ts-expect-error -- no source is given
    expect(await problemsOf(loadCertificate({}))).toEqual([
      'certFile is missing, and so is cert.',
      'keyFile is missing, and so is key.',
    ]);
    // @ts-expect-error -- both sources are given
    expect(await problemsOf(loadCertificate({ cert: certificate, certFile: 'a', key: privateKey }))).toEqual([
      'certFile and cert are both given.',
    ]);
    // @ts-expect-error -- neither text nor a path
    expect(await problemsOf(loadCertificate({ cert: 1, keyFile: 2 }))).toEqual([
      'cert must be a string or a Buffer.',
      'keyFile must be a path, as a string that is not empty.',
    ]);
  });

  test('refuses options that are no object or not known', async () => {
    const untyped = loadCertificate as (options?: unknown) => Promise<unknown>;
    expect(await problemsOf(untyped())).toEqual(['options is missing.']);
    expect(await problemsOf(untyped('ca.crt'))).toEqual(['options must be an object.']);
    const options = { cert: root.certificate, key: root.privateKey };
    expect(await problemsOf(untyped({ ...options, passphrse: 'secret' }))).toEqual([
      'passphrse is not an option. Did you mean passphrase?',
    ]);
    expect(await problemsOf(untyped({ ...options, chainFile: 'a', enrollment: 'hub-group' }))).toEqual([
      'chainFile is not an option.',
      'enrollment is not an option.',
    ]);
  });

  test('reports that certificate and key are swapped', async () => {
    const { certFile, keyFile } = await writeCertificate(root, { directory: at(), name: 'root' });
    const error = await errorOf(loadCertificate({ certFile: keyFile, keyFile: certFile }));
    expect(error).toBeInstanceOf(CredentialsError);
    expect(error).toMatchObject({
      message:
        'Certificate and private key are swapped: ' +
        `the file "${keyFile}" (certFile) holds a private key, the file "${certFile}" (keyFile) holds a certificate.`,
      remedy: 'Exchange the values of certFile and keyFile.',
    });
  });

  test('names the file that the passphrase does not decrypt', async () => {
    const options = { directory: at(), name: 'root', passphrase: 'right' };
    const { certFile, keyFile } = await writeCertificate(root, options);
    expect(await errorOf(loadCertificate({ certFile, keyFile, passphrase: 'wrong' }))).toMatchObject({
      message: `Option passphrase does not decrypt the private key in the file "${keyFile}" (keyFile).`,
      remedy: expect.stringContaining(`openssl pkey -in ${keyFile} -noout`) as string,
    });
  });

  test('reads certificate and key from one file', async () => {
    writeFileSync(at('both.pem'), lower.privateKey + lower.fullChain);
    const { thumbprint, chain } = await loadCertificate({
      certFile: at('both.pem'),
      keyFile: at('both.pem'),
    });
    expect(thumbprint).toBe(lower.thumbprint);
    expect(chain).toEqual([upper.certificate]);
  });

  test('does not repeat a key that was given in place of a path', async () => {
    const promise = loadCertificate({ certFile: root.certificate, keyFile: root.privateKey });
    const error = await errorOf(promise);
    expect(error).toBeInstanceOf(CredentialsError);
    expect(inspect(error, { showHidden: true, depth: null })).not.toContain(root.privateKey.split('\n')[1]);
    expect(await findingsOf(promise)).toEqual([
      'Option certFile holds the text of a certificate or key, but must be a path.',
      'Option keyFile holds the text of a certificate or key, but must be a path.',
    ]);
  });

  test.each([
    ['is missing', 'absent.crt', 'does not exist (ENOENT)'],
    ['is a directory', 'directory', 'is a directory (EISDIR)'],
  ])('names a file that %s', async (_what, name, reason) => {
    mkdirSync(at('directory'));
    const promise = loadCertificate({ certFile: at(name), key: root.privateKey });
    await expect(promise).rejects.toThrow(FileError);
    await expect(promise).rejects.toMatchObject({
      code: 'FILE_NOT_READABLE',
      path: at(name),
      message: `The file "${at(name)}" (certFile) ${reason}.`,
      remedy: expect.stringContaining('certFile') as string,
    });
    await expect(loadCertificate({ cert: root.certificate, keyFile: at(name) })).rejects.toMatchObject({
      message: `The file "${at(name)}" (keyFile) ${reason}.`,
      path: at(name),
    });
  });
});

describeWithOpenssl('certificate authorities made by openssl', () => {
  const CA = [
    '-addext',
    'basicConstraints=critical,CA:TRUE',
    '-addext',
    'keyUsage=critical,keyCertSign,cRLSign',
  ];

  async function makeAuthority(extensions: readonly string[] = CA): Promise<void> {
    const args = ['req', '-x509', '-key', 'ca.key', '-out', 'ca.crt', '-days', '30', '-utf8'];
    // An empty configuration: that of the machine would add extensions of its own.
    writeFileSync(at('empty.cnf'), '[req]\ndistinguished_name=dn\n[dn]\n');
    const subject = '/C=CH/O=Contoso, Ltd. + "Söhne"/CN=Authority';
    await openssl(
      [...args, '-config', 'empty.cnf', '-subj', subject, '-passin', 'pass:secret', ...extensions],
      {
        cwd: at(),
      },
    );
  }

  async function issueBelow(passphrase?: string): Promise<IssuedCertificate> {
    const issuer = await loadCertificate({
      certFile: at('ca.crt'),
      keyFile: at('ca.key'),
      ...(passphrase === undefined ? {} : { passphrase }),
    });
    return createDeviceCertificate({ commonName: 'sensor-17', issuer });
  }

  let rsaKey: string;
  beforeAll(async () => {
    rsaKey = await openssl(['genpkey', '-algorithm', 'RSA', '-pkeyopt', 'rsa_keygen_bits:2048']);
  });

  const P384 = ['-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:P-384'];
  const ENCRYPTED = ['-aes-256-cbc', '-pass', 'pass:secret'];

  test.each<[string, string[], RegExp]>([
    ['RSA, PKCS#8', ['pkey'], /BEGIN PRIVATE/],
    ['RSA, PKCS#1', ['rsa', '-traditional'], /BEGIN RSA PRIVATE/],
    ['RSA, PKCS#1 encrypted', ['rsa', '-traditional', '-aes256', '-passout', 'pass:secret'], /Proc-Type/],
    ['P-256, SEC1 after its parameters', ['ecparam', '-name', 'prime256v1', '-genkey'], /BEGIN EC PARAM/],
    ['P-384, PKCS#8 encrypted', ['genpkey', ...P384, ...ENCRYPTED], /BEGIN ENCRYPTED PRIVATE/],
    ['P-521, SEC1', ['ecparam', '-name', 'secp521r1', '-genkey', '-noout'], /BEGIN EC PRIVATE/],
  ])('are loaded and issue certificates with a key in the form %s', async (_name, command, form) => {
    // openssl pkey and rsa convert the key that they read; the others make their own.
    const isConversion = command[0] === 'pkey' || command[0] === 'rsa';
    const key = await openssl(command, isConversion ? { input: rsaKey } : {});
    expect(key).toMatch(form);
    writeFileSync(at('ca.key'), key);
    await makeAuthority();
    const device = await issueBelow(key.includes('ENCRYPTED') ? 'secret' : undefined);
    writeFileSync(at('device.crt'), device.certificate);
    expect(
      await openssl(['verify', '-x509_strict', '-CAfile', 'ca.crt', 'device.crt'], { cwd: at() }),
    ).toContain('OK');
  });

  test('pass on their subject byte by byte, whatever its encoding', async () => {
    writeFileSync(at('ca.key'), await openssl(['ecparam', '-name', 'prime256v1', '-genkey', '-noout']));
    await makeAuthority();
    const device = await issueBelow();
    const authority = await loadCertificate({ certFile: at('ca.crt'), keyFile: at('ca.key') });
    expect(device.x509.checkIssued(authority.x509)).toBe(true);
    expect(device.x509.issuer).toBe(authority.x509.subject);
  });

  test('are refused as issuers when their key usage lacks keyCertSign', async () => {
    writeFileSync(at('ca.key'), await openssl(['ecparam', '-name', 'prime256v1', '-genkey', '-noout']));
    await makeAuthority([
      '-addext',
      'basicConstraints=critical,CA:TRUE',
      '-addext',
      'keyUsage=digitalSignature',
    ]);
    expect(await problemsOf(issueBelow())).toEqual([
      'issuer must not sign certificates (its key usage lacks keyCertSign).',
    ]);
  });

  test('are refused as issuers when the path length above them is exceeded', async () => {
    const root = await createRootCertificate({ commonName: 'Root' });
    const upper = await createIntermediateCertificate({ commonName: 'Upper', issuer: root, pathLength: 0 });
    await writeCertificate(upper, { directory: at(), name: 'upper' });
    writeFileSync(at('ca.key'), await openssl(['ecparam', '-name', 'prime256v1', '-genkey', '-noout']));
    writeFileSync(at('extensions.cnf'), 'basicConstraints=critical,CA:TRUE\n');
    await makeAuthority();
    const request = ['x509', '-in', 'ca.crt', '-x509toreq', '-signkey', 'ca.key'];
    writeFileSync(at('ca.csr'), await openssl(request, { cwd: at() }));
    const sign = [
      'x509',
      '-req',
      '-in',
      'ca.csr',
      '-CA',
      'upper.crt',
      '-CAkey',
      'upper.key',
      '-CAcreateserial',
    ];
    const lower = await openssl([...sign, '-extfile', 'extensions.cnf'], { cwd: at() });
    writeFileSync(at('ca.crt'), lower + upper.certificate);
    expect(await problemsOf(issueBelow())).toEqual([
      'issuer must not sign certificates (the path length of a certificate above it is exceeded).',
    ]);
  });

  test('are refused as issuers when IoT Hub does not take their kind of key', async () => {
    writeFileSync(at('ca.key'), await openssl(['genpkey', '-algorithm', 'ED25519']));
    await makeAuthority();
    expect(await problemsOf(issueBelow())).toEqual([expect.stringMatching(/^issuer has a key of a kind/)]);
    expect(readFileSync(at('ca.crt'), 'utf8')).toContain('BEGIN CERTIFICATE');
  });
});
