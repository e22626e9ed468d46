import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { connect, createServer, type TLSSocket } from 'node:tls';
import {
  createDeviceCertificate,
  createIntermediateCertificate,
  createRootCertificate,
  type IssuedCertificate,
  type KeyAlgorithm,
} from 'azure-iot-certificates';
import { createServerCertificate } from '../../src/making/server';

/** The subject of the client's certificate as the server sees it, or the reason why the server does not trust it. */
async function presentTo(root: IssuedCertificate, cert: string, key: string): Promise<string> {
  const identity = await createServerCertificate({ issuer: root, hostNames: ['localhost', '127.0.0.1'] });
  const server = createServer({
    cert: identity.fullChain,
    key: identity.privateKey,
    ca: root.certificate,
    requestCert: true,
    rejectUnauthorized: false, // So that the server can tell why it would reject.
    maxVersion: 'TLSv1.2', // The only version that DPS and the classic endpoint of IoT Hub speak.
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const seen = new Promise<string>((resolve) => {
    server.once('secureConnection', (socket: TLSSocket) => {
      const { authorized, authorizationError } = socket;
      resolve(authorized ? (socket.getPeerX509Certificate()?.subject ?? '') : String(authorizationError));
    });
    server.once('tlsClientError', (error) => resolve(String(error)));
  });
  const { port } = server.address() as AddressInfo;
  const client = connect({
    host: '127.0.0.1',
    port,
    servername: 'localhost',
    cert,
    key,
    ca: root.certificate,
  });
  client.on('error', () => undefined);
  const closed = once(client, 'close');
  try {
    return await seen;
  } finally {
    client.destroy();
    await closed;
    server.close();
    await once(server, 'close');
  }
}

describe('a TLS server that trusts the root', () => {
  let root: IssuedCertificate;
  let issuer: IssuedCertificate;
  beforeAll(async () => {
    root = await createRootCertificate({ commonName: 'Root' });
    issuer = await createIntermediateCertificate({ commonName: 'Intermediate', issuer: root });
  });

  test.each<KeyAlgorithm>(['EC-P256', 'EC-P384', 'RSA-2048'])(
    'accepts a device that sends its intermediate and has a key of the kind %s',
    async (keyAlgorithm) => {
      const device = await createDeviceCertificate({ commonName: 'sensor-17', issuer, keyAlgorithm });
      expect(await presentTo(root, device.fullChain, device.privateKey)).toBe('CN=sensor-17');
    },
  );

  test('refuses a device that does not send its intermediate', async () => {
    const device = await createDeviceCertificate({ commonName: 'sensor-17', issuer });
    expect(await presentTo(root, device.certificate, device.privateKey)).toBe(
      'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
    );
  });
});
