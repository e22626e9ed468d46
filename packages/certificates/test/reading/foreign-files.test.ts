import { check, finding, names } from '../support/check';
import { GOOD_SUBJECT, make, oid, tlv } from '../support/make';

const { pem: cert, key } = make({ subject: GOOD_SUBJECT });
const lines = (text: string): string[] => text.trimEnd().split('\n');
const tpmKey = tlv(48, oid('2.23.133.10.1.3'), tlv(2, Buffer.from([1])), tlv(4, Buffer.alloc(90, 7)));
const armored = (label: string, der: Buffer): string =>
  `-----BEGIN ${label}-----\n${der.toString('base64')}\n-----END ${label}-----\n`;

test.each<[string, string | Buffer]>([
  [
    'a string literal of C with \\n',
    lines(key)
      .map((line) => `"${line}\\n"`)
      .join('\n'),
  ],
  [
    'a string literal of C with \\r\\n and continued lines',
    `#define KEY ${lines(key)
      .map((line) => `"${line}\\r\\n" \\`)
      .join('\n')}`,
  ],
  [
    'a string of Java',
    lines(key)
      .map((line) => `  + "${line}\\n"`)
      .join('\n'),
  ],
  [
    'joined strings of JavaScript',
    `const key = ${lines(key)
      .map((line) => `'${line}\\n' +`)
      .join('\n')}`,
  ],
  [
    'commented lines',
    lines(key)
      .map((line) => `# ${line}`)
      .join('\n'),
  ],
  [
    'indented lines, as in YAML',
    `key: |\n${lines(key)
      .map((line) => `    ${line}`)
      .join('\n')}`,
  ],
  [
    'JSON that escapes slashes and plus signs',
    JSON.stringify({ key: key.replaceAll('/', '\\/') })
      .replaceAll('\\\\/', '\\/')
      .replaceAll('+', '\\u002B'),
  ],
  ['percent-encoding', encodeURIComponent(key)],
  ['UTF-16 with a byte order mark', Buffer.from(`\ufeff${key}`, 'utf16le')],
  ['UTF-16 without one', Buffer.from(key, 'utf16le')],
  ['UTF-16 in big-endian order', Buffer.from(key, 'utf16le').swap16()],
  ['a file that was joined without a line break', cert.trimEnd() + key],
])('a key pasted as %s is read', async (_name, pasted) => {
  expect(names(await check({ cert, key: pasted })).filter((name) => !name.startsWith('info'))).toEqual([]);
});

test.each<[string, string | Buffer, RegExp, RegExp]>([
  ['a key of a TPM', armored('TSS2 PRIVATE KEY', tpmKey), /only the TPM/, /azure-iot-x509 cert device/],
  ['the same in DER', tpmKey, /only the TPM/, /azure-iot-x509 cert device/],
  ['a PKCS#11 URI', 'pkcs11:token=a;object=b\n', /a PKCS#11 URI/, /azure-iot-x509 cert device/],
  [
    'a PKCS#11 URI in PEM',
    armored('PKCS#11 PROVIDER URI', tlv(48, tlv(12, Buffer.from('x')))),
    /a PKCS#11 URI/,
    /cert device/,
  ],
  [
    'a Java keystore',
    Buffer.from('feedfeed0000000200000001', 'hex'),
    /Java keystore \(JKS\)/,
    /keytool -importkeystore -srckeystore KEY-FILE/,
  ],
  [
    'a JCEKS keystore',
    Buffer.from('cececece0000000200000001', 'hex'),
    /Java keystore \(JCEKS\)/,
    /-srcstoretype JCEKS/,
  ],
  [
    'a Java keystore in Base64',
    Buffer.alloc(60, 'feedfeed', 'hex').toString('base64'),
    /Java keystore/,
    /keytool/,
  ],
  ['a PVK file', Buffer.from('1ef1b5b0000000000200000000000000', 'hex'), /PVK/, /openssl rsa -inform PVK/],
  ['a JSON Web Key', '{"kty":"EC","crv":"P-256"}', /JSON Web Key/, /in PEM/],
  ['a symmetric key', Buffer.alloc(32, 1).toString('base64'), /symmetric key/, /in PEM/],
  ['a connection string', 'HostName=a.azure-devices.net;DeviceId=b', /connection string/, /in PEM/],
])('%s is named, with the way out', async (_name, content, message, remedy) => {
  const report = await check({ cert, key: content });
  expect(names(report).filter((name) => !name.startsWith('info'))).toEqual(['error private-key-present']);
  expect(finding(report, 'private-key-present').message).toMatch(message);
  expect(finding(report, 'private-key-present').remedy).toMatch(remedy);
});

test('a PKCS#11 URI in place of a path is named', async () => {
  const report = await check({ cert, keyFile: 'pkcs11:token=a;object=b' });
  expect(finding(report, 'file-readable').message).toMatch(
    /is a PKCS#11 URI, which names a private key in a hardware/,
  );
});
