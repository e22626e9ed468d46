import { createECDH, generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import { Duplex } from 'node:stream';
import { connect, createSecureContext, TLSSocket, type SecureVersion } from 'node:tls';
import { chainOf } from '../support/cases';
import { check, errors, finding } from '../support/check';
import { GOOD_SUBJECT, make, oid, rsaKeys, tlv, type Made, type Recipe } from '../support/make';

/* The rules for the kind of key agree with OpenSSL: a handshake in memory shows whether the certificate is sent. */

const root = make({ subject: [['CN', 'Root']], ca: true, keyUsage: [5, 6] });
const server = make({ subject: [['CN', 'localhost']] });

/** Two ends of a connection in memory. */
function link(): [Duplex, Duplex] {
  const end = (other: () => Duplex): Duplex =>
    new Duplex({
      read: () => undefined,
      write: (chunk, _encoding, done) => {
        other().push(chunk);
        done();
      },
    });
  const near: Duplex = end(() => far);
  const far: Duplex = end(() => near);
  return [near, far];
}

/** Tells whether OpenSSL presents the certificate to a server that demands one. */
async function presents(device: Made, version: SecureVersion): Promise<boolean> {
  const [near, far] = link();
  const versions = { minVersion: version, maxVersion: version };
  const secureContext = createSecureContext({
    ...versions,
    cert: server.pem,
    key: server.key,
    ca: root.pem,
  });
  const accepting = new TLSSocket(far, {
    isServer: true,
    requestCert: true,
    rejectUnauthorized: true,
    secureContext,
  });
  try {
    const client = connect({
      ...versions,
      socket: near,
      servername: 'localhost',
      ca: server.pem,
      cert: device.pem,
      key: device.key,
    }).on('error', () => undefined);
    await once(accepting, 'secure').finally(() => client.destroy());
    return (accepting.getPeerX509Certificate()?.raw ?? Buffer.alloc(0)).equals(device.x509.raw);
  } catch {
    return false;
  } finally {
    accepting.destroy();
  }
}

const onCurve = (namedCurve: string, paramEncoding: 'named' | 'explicit' = 'named'): Recipe['keys'] =>
  generateKeyPairSync('ec', { namedCurve, paramEncoding });

test.each<[string, () => Recipe['keys'], boolean]>([
  ['EC P-256', () => onCurve('prime256v1'), true],
  ['EC P-384', () => onCurve('secp384r1'), true],
  ['EC P-521', () => onCurve('secp521r1'), true],
  ['RSA 2048', () => rsaKeys(2048), true],
  ['RSA-PSS 2048', () => generateKeyPairSync('rsa-pss', { modulusLength: 2048 }), true],
  ['Ed25519', () => generateKeyPairSync('ed25519'), true],
  ['Ed448', () => generateKeyPairSync('ed448'), true],
  ['EC secp224r1', () => onCurve('secp224r1'), false],
  ['EC secp256k1', () => onCurve('secp256k1'), false],
  ['EC prime192v1', () => onCurve('prime192v1'), false],
  ['EC brainpoolP256r1', () => onCurve('brainpoolP256r1'), false],
  ['EC brainpoolP512t1', () => onCurve('brainpoolP512t1'), false],
  ['EC sect283k1', () => onCurve('sect283k1'), false],
])(
  'a key of the kind %s is an error exactly if OpenSSL does not present its certificate',
  async (name, keys, expected) => {
    const device = make({ subject: GOOD_SUBJECT, issuer: root, ...keysOf(keys) });
    const outcomes = [await presents(device, 'TLSv1.2'), await presents(device, 'TLSv1.3')];
    const report = await check({ ...chainOf(device), enrollment: 'hub-group' });
    expect([...outcomes, errors(report).length === 0]).toEqual([expected, expected, expected]);
    if (expected) return;
    const { message, remedy } = finding(report, 'key-type-signs-tls');
    expect(message).toContain(`is ${name}`);
    expect(remedy).toContain('azure-iot-x509 cert device --cn device-1');
  },
);

function keysOf(keys: () => Recipe['keys']): Pick<Recipe, 'keys'> {
  const made = keys();
  return made === undefined ? {} : { keys: made };
}

test('a curve that is written out as parameters is an error', async () => {
  const keys = onCurve('prime256v1', 'explicit');
  const device = make({ subject: GOOD_SUBJECT, issuer: root, ...keysOf(() => keys) });
  const presented = await presents(device, 'TLSv1.3');
  const report = await check({ ...chainOf(device), enrollment: 'hub-group' });
  expect(errors(report).length === 0).toBe(presented);
});

test('a key whose private half is another one than its public half is an error', async () => {
  const device = make({ subject: GOOD_SUBJECT, issuer: root });
  const point = device.x509.publicKey.export({ format: 'der', type: 'spki' }).subarray(-65);
  const other = createECDH('prime256v1');
  other.generateKeys();
  const key = tlv(
    48,
    tlv(2, Buffer.from([1])),
    tlv(4, Buffer.concat([Buffer.alloc(32), other.getPrivateKey()]).subarray(-32)),
    tlv(0xa0, oid('1.2.840.10045.3.1.7')),
    tlv(0xa1, tlv(3, Buffer.from([0]), point)),
  );
  const report = await check({ cert: device.pem, key, enrollment: 'hub-group' });
  expect(errors(report)).toEqual(['tls-accepts-credentials']);
  expect(finding(report, 'tls-accepts-credentials').message).toContain('option key is damaged');
});
