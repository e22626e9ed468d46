import type * as Crypto from 'node:crypto';
import { promisify as mockPromisify } from 'node:util';
import { OptionProblems } from '../../src/options';
import { generatePrivateKey, readKeyAlgorithm, type KeyAlgorithm } from '../../src/making/keys';

const mockRequests: unknown[][] = [];
// The generator of node:crypto is replaced: RSA keys of 3072 and 4096 bits take seconds.
jest.mock('node:crypto', () => {
  const actual = jest.requireActual<typeof Crypto>('node:crypto');
  const generateKeyPair = {
    [mockPromisify.custom]: (...request: unknown[]) => {
      mockRequests.push(request);
      return Promise.resolve(actual.generateKeyPairSync('ec', { namedCurve: 'P-256' }));
    },
  };
  return { ...actual, generateKeyPair: Object.assign(() => undefined, generateKeyPair) };
});

test.each<[KeyAlgorithm, unknown[]]>([
  ['EC-P256', ['ec', { namedCurve: 'P-256' }]],
  ['EC-P384', ['ec', { namedCurve: 'P-384' }]],
  ['RSA-2048', ['rsa', { modulusLength: 2048 }]],
  ['RSA-3072', ['rsa', { modulusLength: 3072 }]],
  ['RSA-4096', ['rsa', { modulusLength: 4096 }]],
])('the key algorithm %s asks node:crypto for a key of that kind', async (algorithm, request) => {
  mockRequests.length = 0;
  expect(readKeyAlgorithm(algorithm, new OptionProblems())).toBe(algorithm);
  expect((await generatePrivateKey(algorithm)).type).toBe('private');
  expect(mockRequests).toEqual([request]);
});
