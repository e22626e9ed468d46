import './support/secret-scan-debug';
import { spawn } from 'node:child_process';
import { createPrivateKey } from 'node:crypto';
import { once } from 'node:events';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { format, inspect } from 'node:util';
import { Message } from 'azure-iot-device';
import {
  checkCredentials,
  connectDevice,
  ConnectionError,
  CredentialsError,
  FileError,
  InvalidOptionsError,
  provisionDevice,
  ProvisioningError,
  TimeoutError,
  type ConnectOptions,
} from 'azure-iot-x509';
import { createSelfSignedCertificate, type IssuedCertificate } from 'azure-iot-certificates';
import { startEmulator, type Emulator } from 'azure-iot-emulator';
import createDebug from 'debug';
import { inspectCredentials } from '../packages/certificates/src/checking/inspect';
import { MemoryIo } from './cli/support/memory-io';
import { expectNothingLeft } from './support/leaks';
import { SecretScan } from './support/secret-scan';

const PASSPHRASE = 'Tr0ub4dor&3-and-more';
/** Set in the process that this file starts to see whether leaks are found. */
const PLANTED = 'PLANT_LEAKS';

const makeDevice = (commonName: string): Promise<IssuedCertificate> =>
  createSelfSignedCertificate({ commonName, subject: { organization: 'Contoso' } });

/* eslint-disable no-console -- it is what is tested */
const leaks: Record<string, (device: IssuedCertificate) => unknown> = {
  'console.log': ({ privateKey }) => console.log(privateKey),
  'console.error': ({ privateKey }) => console.error({ deep: [privateKey.split('\n')] }),
  'console.info': ({ privateKey }) =>
    console.info(createPrivateKey(privateKey).export({ type: 'pkcs8', format: 'der' })),
  'console.warn': ({ privateKey }) =>
    console.warn(Buffer.from(createPrivateKey(privateKey).export({ format: 'jwk' }).d ?? '', 'base64url').toString('hex')),
  'console.debug': (device) => {
    device.exportPrivateKey(PASSPHRASE);
    console.debug(`decrypted with ${PASSPHRASE}`);
  },
  'console.dir': async ({ certificate, privateKey }) => {
    const passphrase = 'only PKCS#12 would use it: 42';
    await inspectCredentials({ enrollment: 'hub-group', cert: certificate, key: privateKey, passphrase });
    console.dir({ passphrase });
  },
  'the command line': ({ privateKey }) => new MemoryIo().stdout.write(privateKey),
  stdout: ({ privateKey }) => process.stdout.write(JSON.stringify({ privateKey })),
  stderr: ({ privateKey }) => createDebug('leak')('%s', privateKey),
  TimeoutError: ({ privateKey }) =>
    new TimeoutError({ message: 'late', remedy: 'none', cause: { options: { key: privateKey } } }),
  ProvisioningError: ({ privateKey }) =>
    new ProvisioningError({ code: 'THROTTLED', message: `refused ${privateKey}`, remedy: 'none' }),
}; // prettier-ignore

if (process.env[PLANTED] !== undefined) {
  test.each(Object.entries(leaks))('plants a leak in %s', async (_, leak) => {
    await leak(await makeDevice('planted'));
  });
} else {
  describe('the scan that every test file runs under', () => {
    test('finds a leak in each channel', async () => {
      const jest = spawn(
        process.execPath,
        [require.resolve('jest/bin/jest'), '--runTestsByPath', __filename, '--colors=false', '--runInBand'],
        { cwd: join(__dirname, '..'), env: { ...process.env, [PLANTED]: '1', DEBUG: 'leak' } },
      );
      const [, output, [code]] = await Promise.all([
        text(jest.stdout),
        text(jest.stderr),
        once(jest, 'exit') as Promise<[number | null]>,
      ]);
      expect(code).toBe(1);
      expect(output).toContain('Secrets have leaked:');
      const found = Object.keys(leaks).filter((channel) =>
        new RegExp(`- a \\S.* in ${channel} \\(plants a leak in ${channel}\\)`).test(output),
      );
      expect(found).toEqual(Object.keys(leaks));
    }, 120_000);

    test('takes neither certificates nor encrypted keys for secrets', async () => {
      const device = await makeDevice('harmless');
      const scan = new SecretScan();
      scan.addKey(createPrivateKey(device.privateKey));
      scan.addPassphrase(PASSPHRASE);
      expect(scan.size).toBe(2);
      expect(scan.find(inspect(device) + device.certificate + JSON.stringify(device))).toBeUndefined();
      expect(scan.find(device.exportPrivateKey(PASSPHRASE))).toBeUndefined();
      expect(scan.find(device.privateKey)).toBeDefined();
    });
  });

  describe('with DEBUG=*', () => {
    const scan = new SecretScan();
    let emulator: Emulator;
    let device: IssuedCertificate;
    let options: ConnectOptions;
    let debugged = '';
    const { stderr } = process;
    // eslint-disable-next-line @typescript-eslint/unbound-method -- only to be put back
    const { write } = stderr;

    beforeAll(async () => {
      // Not a spy: Jest restores those once more after the file, when the scan has let go of the method.
      stderr.write = (chunk: unknown) => {
        debugged += String(chunk);
        return true;
      };
      emulator = await startEmulator({ retryAfterSeconds: 0 });
      device = await makeDevice('dev-1');
      emulator.dps.individualEnrollments.create({
        registrationId: 'dev-1',
        primaryCertificate: device.certificate,
      });
      scan.addKey(createPrivateKey(device.privateKey));
      scan.addPassphrase(PASSPHRASE);
      options = {
        enrollment: 'hub-individual',
        idScope: emulator.idScope,
        globalEndpoint: emulator.globalEndpoint,
        ca: emulator.ca,
        cert: device.certificate,
        key: device.exportPrivateKey(PASSPHRASE),
        passphrase: PASSPHRASE,
        timeoutMs: 20_000,
      };
    });

    afterAll(async () => {
      await emulator.close();
      stderr.write = write;
      // The outputs of this library and of the SDK were there to be searched.
      expect(debugged).toContain('azure-iot-x509:provisioning');
      expect(debugged).toContain('azure-iot-device');
      expect(debugged).toContain('mqttjs');
      expect(scan.find(debugged)).toBeUndefined();
    });

    function expectNoSecret(value: unknown): void {
      const shown = [
        inspect(value, { depth: 10, showHidden: true, getters: true, maxArrayLength: 1000 }),
        inspect(value),
        format('%s %o %O', value, value, value),
        value instanceof Error || (typeof value === 'object' && value !== null && 'findings' in value)
          ? JSON.stringify(value)
          : '',
        value instanceof Error ? `${value.stack ?? ''} ${inspect(value.cause)}` : '',
      ].join('\n');
      expect(scan.find(shown)).toBeUndefined();
    }

    test('a connection and all it consists of show no secret', async () => {
      await using connection = await connectDevice(options);
      await connection.client.sendEvent(new Message('hello'));
      await connection.client.getTwin();
      for (const value of [connection, connection.client, connection.state, connection.registration])
        expectNoSecret(value);
      expectNoSecret(Object.values(connection.client));
    });

    const refusals: [string, new (...args: never[]) => Error, () => Promise<unknown>][] = [
      ['options', InvalidOptionsError, () => connectDevice({ ...options, keyFile: device.privateKey } as never)],
      ['an unreadable file', CredentialsError, () => connectDevice({ ...options, key: undefined, keyFile: device.privateKey } as never)],
      ['a missing file', FileError, () => connectDevice({ ...options, ca: undefined, caFile: 'no/such/file' } as never)],
      ['a wrong passphrase', CredentialsError, () => connectDevice({ ...options, passphrase: `${PASSPHRASE}!` })],
      ['a damaged key', CredentialsError, () => connectDevice({ ...options, key: device.privateKey.replace('MI', '*I') } as never)],
      ['swapped options', CredentialsError, () => connectDevice({ ...options, cert: device.privateKey, key: device.certificate } as never)],
      ['a refused registration', ProvisioningError, async () => {
        const other = await makeDevice('dev-1');
        scan.addKey(createPrivateKey(other.privateKey));
        return provisionDevice({ ...options, cert: other.certificate, key: other.privateKey } as never);
      }],
      ['an unknown ID scope', ConnectionError, () => provisionDevice({ ...options, idScope: '0ne00FFFFFF' })],
      ['a refused port', ConnectionError, () => provisionDevice({ ...options, globalEndpoint: 'localhost:1' })],
      ['an untrusted server', ConnectionError, () => provisionDevice({ ...options, ca: device.certificate } as never)],
      ['a deadline', TimeoutError, () => provisionDevice({ ...options, timeoutMs: 1 })],
    ]; // prettier-ignore

    test.each(refusals)('the error for %s shows no secret', async (_what, type, call) => {
      let error: unknown;
      // What the SDK still says while its sockets close belongs to what is searched.
      await expectNothingLeft(async () => {
        error = await call().catch((reason: unknown) => reason);
      });
      expect(error).toBeInstanceOf(type);
      expectNoSecret(error);
    });

    test('a report shows no secret', async () => {
      expectNoSecret(await checkCredentials(options));
      expectNoSecret(await inspectCredentials(options));
      expectNoSecret(await checkCredentials({ ...options, passphrase: 'another one' }));
    });
  });
}
