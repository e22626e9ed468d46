import crypto from 'node:crypto';
import { promisify } from 'node:util';
import type * as Keys from '../../src/making/keys';
import type { KeyAlgorithm } from '../../src/making/keys';
import { OptionProblems } from '../../src/options';

const requests: unknown[][] = [];
// The generator of node:crypto is replaced: RSA keys of 3072 and 4096 bits take seconds.
jest.doMock('node:crypto', () => {
  const generateKeyPair = {
    [promisify.custom]: (...request: unknown[]) => {
      requests.push(request);
      return Promise.resolve(crypto.generateKeyPairSync('ec', { namedCurve: 'P-256' }));
    },
  };
  return { ...crypto, generateKeyPair: Object.assign(() => undefined, generateKeyPair) };
});
// eslint-disable-next-line @typescript-eslint/no-require-imports -- an import would be evaluated before the replacement
const { generatePrivateKey, readKeyAlgorithm } = require('../../src/making/keys') as typeof Keys;

test.each<[KeyAlgorithm, unknown[]]>([
  ['EC-P256', ['ec', { namedCurve: 'P-256' }]],
  ['EC-P384', ['ec', { namedCurve: 'P-384' }]],
  ['RSA-2048', ['rsa', { modulusLength: 2048 }]],
  ['RSA-3072', ['rsa', { modulusLength: 3072 }]],
  ['RSA-4096', ['rsa', { modulusLength: 4096 }]],
])('the key algorithm %s asks node:crypto for a key of that kind', async (algorithm, request) => {
  requests.length = 0;
  expect(readKeyAlgorithm(algorithm, new OptionProblems())).toBe(algorithm);
  expect((await generatePrivateKey(algorithm)).type).toBe('private');
  expect(requests).toEqual([request]);
});
