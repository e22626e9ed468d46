import crypto, { type KeyObject } from 'node:crypto';
import { format, inspect } from 'node:util';
import type * as Reading from '../packages/certificates/src/reading/credentials';
import { DeviceError } from '../packages/certificates/src/errors';
import { MemoryIo } from './cli/support/memory-io';
import { SecretScan, tap } from './support/secret-scan';

/*
 * Runs before every test file: no private key and no passphrase that a test makes or reads may appear on the console, on
 * stdout and stderr (where `DEBUG=*` writes) or in an error of this library, whatever the file tests. That this finds
 * what it should is shown by test/secrets.test.ts, which plants leaks.
 */

const scan = new SecretScan();
const { createPrivateKey } = crypto;
const probe = crypto.generateKeyPairSync('ed25519').privateKey;
const here = (): string => expect.getState().currentTestName ?? 'outside of tests';

const untap = [
  // Every key that is read, and every key that leaves its object as text or bytes, passes here.
  tap(crypto, 'createPrivateKey', (_self, [input], key) => {
    scan.addKey(key as KeyObject);
    scan.addPassphrase((input as { passphrase?: unknown } | undefined)?.passphrase);
  }),
  tap(Object.getPrototypeOf(probe) as KeyObject, 'export', (self, [options]) => {
    scan.addKey(self as KeyObject);
    scan.addPassphrase((options as { passphrase?: unknown } | undefined)?.passphrase);
  }),
  ...(['log', 'info', 'warn', 'error', 'debug', 'trace', 'dir', 'table'] as const).map((name) =>
    tap(console, name, (_self, args) =>
      scan.addOutput(`console.${name}`, here(), format(...args) + inspect(args, { depth: 8 })),
    ),
  ),
  tap(MemoryIo.prototype, 'written', (_self, [, text]) =>
    scan.addOutput('the command line', here(), String(text)),
  ),
  ...(['stdout', 'stderr'] as const).map((name) =>
    tap(process[name], 'write', (_self, [chunk]) => scan.addOutput(name, here(), String(chunk))),
  ),
];

// PKCS#12 derives its keys here from a passphrase that node:crypto never sees as text.
const CREDENTIALS = '../packages/certificates/src/reading/credentials';
jest.doMock(CREDENTIALS, () => {
  const reading = { ...jest.requireActual<typeof Reading>(CREDENTIALS) };
  tap(reading, 'readCredentials', (_self, [options]) => {
    scan.addPassphrase((options as { passphrase?: unknown }).passphrase);
  });
  return reading;
});

/** Errors are looked at when the file is done: they get their code, their report and their cause after their name. */
const errors: { error: Error; test: string }[] = [];
// The one thing that each of them does to itself is to set its name; a setter above it learns of all of them.
Object.defineProperty(DeviceError.prototype, 'name', {
  configurable: true,
  get: () => 'DeviceError',
  set(this: Error, value: string) {
    Object.defineProperty(this, 'name', { value, writable: true, enumerable: true, configurable: true });
    errors.push({ error: this, test: here() });
  },
});

function shown(error: Error): string {
  const full = inspect(error, { depth: 12, showHidden: true, getters: true, maxArrayLength: 2000 });
  return [full, error.stack, String(error), JSON.stringify(error)].join('\n');
}

afterAll(() => {
  for (const restore of untap.reverse()) restore();
  Reflect.deleteProperty(DeviceError.prototype, 'name');
  for (const { error, test } of errors) scan.addOutput(error.name, test, shown(error));
  const leaks = scan.leaks().map(({ channel, test, secret }) => `${secret} in ${channel} (${test})`);
  if (leaks.length > 0) throw new Error(`Secrets have leaked:\n- ${leaks.join('\n- ')}`);
});

// The taps work for the module that sources import, and not only for this file's view of it.
crypto.createPrivateKey(probe.export({ type: 'pkcs8', format: 'pem' }));
if (scan.size === 0 || crypto.createPrivateKey === createPrivateKey)
  throw new Error('Secrets are not recorded.');
