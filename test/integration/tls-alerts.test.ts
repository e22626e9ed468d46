import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  connectDevice,
  provisionDevice,
  type ConnectOptions,
  type DeviceError,
  type Registration,
} from 'azure-iot-x509';
import { createRootCertificate, createSelfSignedCertificate } from 'azure-iot-certificates';
import { createServerCertificate } from '../../packages/certificates/src/making/server';
import { expectNothingLeft } from '../support/leaks';
import { describeWithOpenssl } from '../support/openssl';
import { startScriptedHub } from '../support/scripted-hub';

/* A server that refuses the device with an alert of TLS: the error says what the alert says. */

let options: { enrollment: 'hub-individual'; idScope: string; cert: string; key: string; timeoutMs: number };

beforeAll(async () => {
  const subject = { organization: 'Contoso' };
  const device = await createSelfSignedCertificate({ commonName: 'dev-1', subject });
  const { certificate: cert, privateKey: key } = device;
  options = { enrollment: 'hub-individual', idScope: '0ne00ABCDEF', cert, key, timeoutMs: 10_000 };
});

async function failureOf(call: Promise<unknown>): Promise<DeviceError> {
  return await call.then(
    () => Promise.reject(new Error('It succeeded.')),
    (error: unknown) => error as DeviceError,
  );
}

/** A server that answers the first packet of TLS with an alert. */
async function withAlert(number: number, run: (endpoint: string) => Promise<void>): Promise<void> {
  await expectNothingLeft(async () => {
    const server = createServer((socket) => {
      socket.on('error', () => undefined);
      socket.once('data', () => socket.end(Buffer.from([0x15, 3, 3, 0, 2, 2, number])));
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    await run(`localhost:${(server.address() as AddressInfo).port}`);
    server.close();
    await once(server, 'close');
  });
}

test.each([40, 41, 42, 43, 44, 45, 46, 48, 49, 51, 111, 114, 116])(
  'the alert %d is a refusal of the certificate of the device',
  async (number) => {
    await withAlert(number, async (globalEndpoint) => {
      const error = await failureOf(provisionDevice({ ...options, globalEndpoint }));
      expect(error).toMatchObject({ code: 'UNAUTHORIZED', service: 'dps', isTransient: false });
      expect(error.message).toContain(`${globalEndpoint} refused the certificate of the device`);
      expect(error.message).toContain(`TLS alert ${number},`);
      expect(error.remedy).not.toContain('TLS 1.2');
    });
  },
);

test.each([10, 20, 21, 22, 30, 47, 50, 60, 70, 71, 80, 86, 90, 100, 109, 110, 112, 113, 115, 120])(
  'the alert %d is a failure of the TLS connection',
  async (number) => {
    await withAlert(number, async (globalEndpoint) => {
      const error = await failureOf(provisionDevice({ ...options, globalEndpoint }));
      expect(error).toMatchObject({
        code: 'TLS_FAILED',
        isTransient: [20, 21, 22, 80, 90].includes(number),
      });
      expect(error.message).toContain(`TLS alert ${number},`);
      expect(error.remedy.includes('TLS 1.2')).toBe(number === 70);
    });
  },
);

test('an alert is explained over WebSockets too', async () => {
  await withAlert(48, async (globalEndpoint) => {
    const error = await failureOf(provisionDevice({ ...options, globalEndpoint, transport: 'mqtt-ws' }));
    expect(error).toMatchObject({ code: 'UNAUTHORIZED' });
    expect(error.message).toContain('TLS alert 48,');
  });
});

test('a hub that refuses the certificate with an alert makes the device register again', async () => {
  await withAlert(48, async (oldHub) => {
    await using hub = await startScriptedHub((client) => client.accept());
    const remembered = {
      registrationId: 'dev-1',
      deviceId: 'dev-1',
      assignedHub: oldHub,
      status: 'assigned',
    };
    const assignments = {
      load: () => Promise.resolve(remembered as Registration),
      save: () => Promise.resolve(),
    };
    const connection = await connectDevice({ ...hub.options, assignments } as ConnectOptions);
    expect(hub.registrations).toBe(1);
    expect(connection.registration.assignedHub).toBe(hub.server.endpoint);
    await connection.close();
  });
});

describeWithOpenssl('openssl s_server, which does not know the authority of the device,', () => {
  test.each([['-tls1_2'], ['-tls1_3']])('refuses its certificate (%s)', async (version) => {
    const directory = mkdtempSync(join(tmpdir(), 'alerts-'));
    try {
      const issuer = await createRootCertificate({ commonName: 'Contoso servers' });
      const { fullChain, privateKey } = await createServerCertificate({ issuer, hostNames: ['localhost'] });
      writeFileSync(join(directory, 'server.pem'), `${fullChain}\n${privateKey}`);
      writeFileSync(join(directory, 'ca.pem'), issuer.certificate);
      const server = spawn(
        'openssl',
        [
          's_server',
          '-accept',
          '127.0.0.1:0',
          '-cert',
          'server.pem',
          '-key',
          'server.pem',
          '-CAfile',
          'ca.pem',
        ].concat('-Verify', '3', '-verify_return_error', version),
        { cwd: directory },
      );
      let port: string | undefined;
      server.stdout.setEncoding('utf8');
      for await (const text of server.stdout as AsyncIterable<string>) {
        [, port] = /ACCEPT \S*:(\d+)/.exec(text) ?? [];
        if (port !== undefined) break;
      }
      const error = await failureOf(
        provisionDevice({ ...options, globalEndpoint: `localhost:${port}`, ca: issuer.certificate }),
      );
      server.kill();
      await once(server, 'exit');
      expect(error).toMatchObject({ code: 'UNAUTHORIZED', isTransient: false });
      expect(error.message).toContain('(TLS alert 48, unknown CA)');
    } finally {
      rmSync(directory, { recursive: true });
    }
  });
});
