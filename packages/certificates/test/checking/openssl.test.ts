import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describeWithOpenssl, openssl as run } from '../../../../test/support/openssl';
import { check, errors, finding, names } from '../support/check';

describeWithOpenssl('checkCredentials judges what the openssl commands of Azure guides make:', () => {
  let cwd: string;
  const at = (name: string): string => join(cwd, name);
  /** A command line as guides print it: words are separated by spaces, none of them needs quotes. */
  const openssl = (line: string, input?: string): Promise<string> =>
    run(line.split(' ').filter(Boolean), { cwd, ...(input === undefined ? {} : { input }) });
  const pair = (name: string): { certFile: string; keyFile: string } => ({
    certFile: at(`${name}.crt`),
    keyFile: at(`${name}.key`),
  });

  beforeAll(async () => {
    cwd = mkdtempSync(join(tmpdir(), 'openssl-'));
    await openssl(
      'req -x509 -newkey rsa:2048 -keyout root-private-key.pem -nodes -out root-cert.pem -subj /O=Example/CN=Root -days 365',
    );
    await openssl(
      'req -newkey rsa:2048 -nodes -keyout device.key -out device.csr -subj /O=Example/CN=device-1',
    );
    await openssl(
      'x509 -req -in device.csr -CA root-cert.pem -CAkey root-private-key.pem -CAcreateserial -days 365 -sha256 -out device.crt',
    );
  }, 60_000);
  afterAll(() => rmSync(cwd, { recursive: true, force: true }));

  test('a self-signed certificate for an individual enrollment', async () => {
    await openssl(
      'req -x509 -newkey rsa:2048 -keyout self.key -nodes -out self.crt -subj /O=Example/CN=my-device -days 365',
    );
    expect(await check(pair('self'))).toMatchObject({ ok: true, registrationId: 'my-device', findings: [] });
    expect(names(await check({ ...pair('self'), enrollment: 'hub-group' }))).toEqual([
      'error leaf-is-no-authority',
    ]);
  });

  test('a certificate signed by a root for an enrollment group', async () => {
    expect(names(await check({ ...pair('device'), enrollment: 'hub-group' }))).toEqual([
      'info chain-reaches-enrolled-authority',
    ]);
    const withRoot = await check({
      ...pair('device'),
      chainFile: at('root-cert.pem'),
      enrollment: 'central-group',
    });
    expect(withRoot).toMatchObject({ ok: true, registrationId: 'device-1', chain: [] });
    expect(names(withRoot)).toEqual(['info chain-root-not-sent']);
  });

  test('a root that was made again under the same name', async () => {
    await openssl(
      'req -x509 -newkey rsa:2048 -keyout again.key -nodes -out again.pem -subj /O=Example/CN=Root -days 365',
    );
    const report = await check({ ...pair('device'), chainFile: at('again.pem'), enrollment: 'hub-group' });
    expect(errors(report)).toEqual(['chain-signatures']);
  });

  test('a signing request in place of the certificate', async () => {
    const report = await check({ certFile: at('device.csr'), keyFile: at('device.key') });
    expect(errors(report)).toEqual(['certificate-present']);
    expect(finding(report, 'certificate-present').message).toMatch(
      /holds a certificate signing request \(CSR\), not a certificate/,
    );
  });

  test('the keys of openssl genrsa, in every encryption that openssl rsa offers', async () => {
    await openssl('genrsa -out plain.key 2048');
    await openssl(
      'req -x509 -new -key plain.key -sha256 -days 365 -subj /O=Example/CN=device-1 -out plain.crt',
    );
    for (const cipher of ['aes128', 'aes256', 'des3', 'camellia256']) {
      await openssl(`rsa -in plain.key -${cipher} -traditional -passout pass:pa55word -out ${cipher}.key`);
      const options = { certFile: at('plain.crt'), keyFile: at(`${cipher}.key`) };
      expect(errors(await check({ ...options }))).toEqual(['passphrase-given']);
      expect(errors(await check({ ...options, passphrase: 'wrong' }))).toEqual(['passphrase-correct']);
      expect(names(await check({ ...options, passphrase: 'pa55word' }))).toEqual([]);
    }
  });

  test('the keys of openssl ecparam with their parameters, and those of openssl pkcs8 -topk8', async () => {
    await openssl('ecparam -name prime256v1 -genkey -out ec.key');
    expect(readFileSync(at('ec.key'), 'utf8')).toContain('BEGIN EC PARAMETERS');
    await openssl('req -x509 -new -key ec.key -sha256 -days 365 -subj /O=Example/CN=device-1 -out ec.crt');
    expect(names(await check(pair('ec')))).toEqual([]);
    await openssl('pkcs8 -topk8 -nocrypt -in ec.key -out topk8.key');
    expect(names(await check({ certFile: at('ec.crt'), keyFile: at('topk8.key') }))).toEqual([]);
    for (const [index, option] of [
      '-v2 aes-256-cbc',
      '-v2 des3',
      '-v1 PBE-SHA1-3DES',
      '-scrypt',
      '-iter 600000',
    ].entries()) {
      await openssl(`pkcs8 -topk8 -in ec.key ${option} -passout pass:pa55word -out topk8-${index}.key`);
      const options = { certFile: at('ec.crt'), keyFile: at(`topk8-${index}.key`) };
      expect(names(await check({ ...options, passphrase: 'pa55word' }))).toEqual([]);
      expect(errors(await check({ ...options, passphrase: 'pa55wort' }))).toEqual(['passphrase-correct']);
    }
  });

  test('a key in an encryption that OpenSSL 3 no longer supports', async () => {
    try {
      await openssl(
        'pkcs8 -topk8 -in device.key -v1 PBE-MD5-DES -provider legacy -provider default -passout pass:pa55word -out md5.key',
      );
    } catch {
      return; // This openssl has no legacy provider.
    }
    const report = await check({
      certFile: at('device.crt'),
      keyFile: at('md5.key'),
      passphrase: 'pa55word',
    });
    expect(errors(report)).toEqual(['key-encryption-supported']);
    expect(finding(report, 'key-encryption-supported').message).toContain('PBE-MD5-DES');
  });

  test('certificates in DER, in PKCS#7 and with their text', async () => {
    await openssl('x509 -in device.crt -outform DER -out der.crt');
    await openssl('rsa -in device.key -outform DER -out der.key');
    expect(names(await check(pair('der')))).toEqual([]);
    await openssl('x509 -in device.crt -text -out text.crt');
    expect(names(await check({ certFile: at('text.crt'), keyFile: at('device.key') }))).toEqual([
      'info text-as-it-should-be',
    ]);
    await openssl('x509 -in device.crt -trustout -out trusted.crt');
    expect(names(await check({ certFile: at('trusted.crt'), keyFile: at('device.key') }))).toEqual([]);
    await openssl('crl2pkcs7 -nocrl -certfile device.crt -out device.p7b');
    await openssl('crl2pkcs7 -nocrl -certfile device.crt -outform DER -out der.p7b');
    for (const certFile of ['device.p7b', 'der.p7b'].map(at)) {
      const report = await check({ certFile, keyFile: at('device.key') });
      expect(errors(report)).toEqual(['certificate-present']);
      expect(finding(report, 'certificate-present').remedy).toContain(`openssl pkcs7 -in ${certFile}`);
    }
  });

  test('an expiring self-signed certificate, with a remedy that works when it is pasted into a shell', async () => {
    await openssl(
      'req -x509 -newkey rsa:2048 -keyout old.key -nodes -out old.crt -subj /O=Example/CN=my-device -days 3',
    );
    const { remedy } = finding(await check(pair('old')), 'certificate-not-expiring-soon');
    const command = /openssl (req -x509 .*old-new\.crt)$/.exec(remedy)?.[1];
    await openssl(command ?? 'version');
    expect(names(await check(pair('old-new')))).toEqual([]);
  });

  describe('a PKCS#12', () => {
    const open = (name: string, passphrase?: string): ReturnType<typeof check> =>
      check({
        certFile: at(name),
        keyFile: at(name),
        enrollment: 'hub-group',
        ...(passphrase === undefined ? {} : { passphrase }),
      });
    const certificates = '-export -in device.crt -inkey device.key -certfile root-cert.pem';

    test.each([
      '',
      '-keypbe PBE-SHA1-3DES -certpbe PBE-SHA1-3DES -macalg sha1',
      '-keypbe AES-128-CBC -certpbe NONE -macalg sha512 -iter 10000',
      '-nomac',
      '-keypbe NONE -certpbe AES-256-CBC',
    ])('file with certificate, root and key, made by openssl pkcs12 -export %s', async (more) => {
      await openssl(`pkcs12 ${certificates} ${more} -passout pass:pässword -out device.pfx`);
      const report = await open('device.pfx', 'pässword');
      expect(report).toMatchObject({ ok: true, registrationId: 'device-1', chain: [] });
      expect(names(report)).toEqual(['info chain-root-not-sent']);
      expect(errors(await open('device.pfx', 'password'))).toEqual(['passphrase-correct']);
      expect(errors(await open('device.pfx'))).toEqual(['passphrase-given']);
      const bytes = readFileSync(at('device.pfx'));
      for (const content of [bytes, bytes.toString('base64')]) {
        expect(errors(await check({ cert: content, key: content, passphrase: 'pässword' }))).toEqual([]);
        expect(errors(await check({ cert: content, key: content, passphrase: 'wrong' }))).toEqual([
          'passphrase-correct',
        ]);
      }
    });

    test('file with an empty passphrase, as Azure Key Vault exports it', async () => {
      await openssl(`pkcs12 ${certificates} -passout pass: -out empty.pfx`);
      expect(await open('empty.pfx')).toMatchObject({ ok: true, registrationId: 'device-1' });
      expect(await open('empty.pfx', '')).toMatchObject({ ok: true, registrationId: 'device-1' });
    });

    test('file in an encryption that OpenSSL 3 no longer supports', async () => {
      try {
        await openssl(`pkcs12 ${certificates} -legacy -passout pass:pa55word -out legacy.pfx`);
      } catch {
        return; // This openssl has no legacy provider.
      }
      const report = await open('legacy.pfx', 'pa55word');
      expect(errors(report)).toEqual(['key-encryption-supported']);
      const { message, remedy } = finding(report, 'key-encryption-supported');
      expect(message).toContain('PBE-SHA1-RC2-40');
      const command = /openssl (pkcs12 [^;]*);/.exec(remedy)?.[1] ?? '';
      await openssl(`${command} -passin pass:pa55word`);
      expect(await open('legacy-new.pem')).toMatchObject({ ok: true, registrationId: 'device-1' });
    });

    test('file that demands too many rounds of key derivation', async () => {
      await openssl(`pkcs12 ${certificates} -iter 1000001 -nomac -passout pass:pa55word -out slow.pfx`);
      const start = performance.now();
      const report = await open('slow.pfx', 'pa55word');
      expect(performance.now() - start).toBeLessThan(1000);
      expect(finding(report, 'key-encryption-supported').message).toContain('(1000001 at once)');
    });

    test('file with any damaged byte', async () => {
      // Few rounds of key derivation, because the file is read hundreds of times.
      await openssl(`pkcs12 ${certificates} -iter 1 -nomaciter -passout pass:pa55word -out valid.pfx`);
      const bytes = readFileSync(at('valid.pfx'));
      expect(errors(await check({ cert: bytes.subarray(0, 900), key: bytes.subarray(0, 900) }))).toContain(
        'pem-intact',
      );
      for (let offset = 0; offset < bytes.length; offset += 7) {
        const copy = Buffer.from(bytes);
        copy[offset] = (copy[offset] ?? 0) ^ 0x5a;
        const report = await check({
          cert: copy,
          key: copy,
          passphrase: 'pa55word',
          enrollment: 'hub-group',
        });
        expect(report.findings.every(({ message }) => !message.includes('pa55word'))).toBe(true);
      }
    });
  });
});
