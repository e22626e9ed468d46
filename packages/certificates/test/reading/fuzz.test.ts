import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import type { CredentialsReport } from '../../src/report';
import { ENROLLMENT_KINDS } from '../../src/enrollment';
import { DeviceError } from '../../src/errors';
import { check } from '../support/check';
import { GOOD_SUBJECT, make, makeHierarchy, tlv } from '../support/make';
import { makePkcs12 } from '../support/pkcs12';

const tree = makeHierarchy();
const device = make({ subject: GOOD_SUBJECT });
const passphrase = 'secret';
const encrypted = { cipher: 'aes-128-cbc', passphrase } as const;
const pair = { cert: Buffer.from(device.pem), key: Buffer.from(device.key) };
const pkcs12 = makePkcs12(device, passphrase);

interface Valid {
  readonly cert: Buffer;
  readonly key: Buffer;
  readonly damaged: 'cert' | 'key' | 'both';
}

const VALID: Record<string, Valid> = {
  'a certificate in PEM': { ...pair, damaged: 'cert' },
  'a certificate in DER': { ...pair, cert: device.x509.raw, damaged: 'cert' },
  'a bundle': {
    cert: Buffer.from(tree.device.pem + tree.intermediate.pem + tree.root.pem + tree.device.key),
    key: Buffer.from(tree.device.key),
    damaged: 'cert',
  },
  'a key in PEM': { ...pair, damaged: 'key' },
  'a key in DER': { ...pair, key: device.privateKey.export({ type: 'sec1', format: 'der' }), damaged: 'key' },
  'an encrypted key': {
    ...pair,
    key: Buffer.from(device.privateKey.export({ type: 'pkcs8', format: 'pem', ...encrypted })),
    damaged: 'key',
  },
  'an encrypted key in DER': {
    ...pair,
    key: device.privateKey.export({ type: 'pkcs8', format: 'der', ...encrypted }),
    damaged: 'key',
  },
  'a traditionally encrypted key': {
    ...pair,
    key: Buffer.from(device.privateKey.export({ type: 'sec1', format: 'pem', ...encrypted })),
    damaged: 'key',
  },
  'a PKCS#12 file': { cert: pkcs12, key: pkcs12, damaged: 'both' },
};

const enrollment = fc.constantFrom(...ENROLLMENT_KINDS);
const FRAGMENTS = [
  '-----BEGIN CERTIFICATE-----',
  '-----BEGIN ENCRYPTED PRIVATE KEY-----',
  '-----END X-----',
  '\n',
  '\0',
  '\\n',
  '=',
  '–',
  '\ufeff',
  'Proc-Type: 4,ENCRYPTED\nDEK-Info: X,00',
];

/** One change of bytes; places are fractions of the length, so that a smaller input shrinks with them. */
const mutation = fc
  .tuple(
    fc.constantFrom('set', 'flip', 'head', 'tail', 'delete', 'copy', 'insert', 'fragment'),
    fc.double({ min: 0, max: 1, noNaN: true }),
    fc.double({ min: 0, max: 1, noNaN: true }),
    fc.nat(255),
    fc.uint8Array({ maxLength: 40 }),
  )
  .map(([kind, where, from, value, inserted]) => (bytes: Buffer): Buffer => {
    const at = Math.floor(where * bytes.length);
    const source = Math.floor(from * bytes.length);
    const [before, after] = [bytes.subarray(0, at), bytes.subarray(at)];
    switch (kind) {
      case 'set':
        return Buffer.concat([before, Buffer.from([value]), after.subarray(1)]);
      case 'flip':
        return Buffer.concat([
          before,
          Buffer.from([(after[0] ?? 0) ^ (1 << (value & 7))]),
          after.subarray(1),
        ]);
      case 'head':
        return before;
      case 'tail':
        return after;
      case 'delete':
        return Buffer.concat([before, after.subarray(1 + (value % 40))]);
      case 'copy':
        return Buffer.concat([before, bytes.subarray(source, source + value), after]);
      case 'insert':
        return Buffer.concat([before, inserted, after]);
      default:
        return Buffer.concat([before, Buffer.from(FRAGMENTS[value % FRAGMENTS.length] ?? ''), after]);
    }
  });
const mutations = fc.array(mutation, { minLength: 1, maxLength: 4 });

/** Expects a report without contradictions, or an error of the library. */
async function expectReport(options: Parameters<typeof check>[0]): Promise<CredentialsReport | undefined> {
  const report = await check(options).catch((error: unknown) => {
    if (error instanceof DeviceError) return undefined;
    throw error;
  });
  if (report === undefined) return undefined;
  expect(report.ok).toBe(report.findings.every(({ severity }) => severity !== 'error'));
  if (report.certificate === undefined) expect(report.ok).toBe(false);
  for (const { message, remedy } of report.findings) {
    expect(message.length).toBeLessThan(2000);
    expect(remedy).not.toBe('');
    // eslint-disable-next-line no-control-regex -- that is what must not be there
    expect(message + remedy).not.toMatch(/[\u0000-\u0009\u000b-\u001f]/);
  }
  return report;
}

// A failure prints its seed and the path to the smallest case, which `fc.assert` takes as options to repeat it.
const RUNS = { numRuns: 150, verbose: fc.VerbosityLevel.Verbose };

test.each(Object.entries(VALID))(
  'checkCredentials answers with a report, however %s is damaged',
  async (_, valid) => {
    expect(await expectReport({ ...valid, passphrase })).toMatchObject({ registrationId: 'device-1' });
    const property = fc.asyncProperty(mutations, enrollment, async (changes, kind) => {
      const damage = (bytes: Buffer): Buffer => changes.reduce((changed, change) => change(changed), bytes);
      const [cert, key] = [
        valid.damaged === 'key' ? valid.cert : damage(valid.cert),
        valid.damaged === 'cert' ? valid.key : damage(valid.key),
      ];
      await expectReport({ enrollment: kind, cert, key, passphrase });
    });
    await fc.assert(property, RUNS);
  },
);

test('checkCredentials answers with a report, whatever bytes or text are given', async () => {
  const frame = fc
    .tuple(fc.constantFrom('CERTIFICATE', 'PRIVATE KEY', 'RSA PRIVATE KEY', 'X'), fc.base64String())
    .map(([label, body]) => `-----BEGIN ${label}-----\n${body}\n-----END ${label}-----`);
  const der = fc
    .array(fc.tuple(fc.constantFrom(2, 3, 4, 5, 6, 48, 49, 0xa0, 0xa3), fc.uint8Array({ maxLength: 60 })))
    .map((parts) => tlv(48, ...parts.map(([tag, content]) => tlv(tag, Buffer.from(content)))));
  const anything = fc.oneof(
    fc.uint8Array({ maxLength: 500 }),
    fc.string({ unit: 'binary', maxLength: 500 }),
    fc.array(fc.oneof(fc.constantFrom(...FRAGMENTS), fc.base64String())).map((parts) => parts.join('')),
    frame,
    der,
  );
  const property = fc.asyncProperty(
    anything,
    anything,
    fc.option(anything, { nil: undefined }),
    enrollment,
    async (cert, key, chain, kind) => {
      await expectReport({ enrollment: kind, cert, key, passphrase, ...(chain !== undefined && { chain }) });
    },
  );
  await fc.assert(property, { ...RUNS, numRuns: 300 });
});

describe('checkCredentials judges a megabyte within a second', () => {
  /** The slowest of these inputs take a tenth of it. Quadratic time would be minutes. */
  const LIMIT_MS = 1000;
  const MEBIBYTE = 1024 * 1024;
  const fill = (pattern: string): Buffer => Buffer.alloc(MEBIBYTE, pattern);
  const wrap = (body: string): Buffer =>
    Buffer.from(`-----BEGIN CERTIFICATE-----\n${body.slice(0, MEBIBYTE - 60)}\n-----END CERTIFICATE-----`);
  const iterations = (rounds: number[]): Buffer => tlv(2, Buffer.from(rounds));
  const huge = tlv(
    48,
    tlv(
      48,
      tlv(6, Buffer.from('2a864886f70d010c0103', 'hex')),
      tlv(48, tlv(4, Buffer.alloc(8)), iterations([127, 255, 255, 255])),
    ),
    tlv(4, Buffer.alloc(64)),
  );
  test.each<[string, Buffer]>([
    ['random bytes', randomBytes(MEBIBYTE)],
    ['zeros', Buffer.alloc(MEBIBYTE)],
    ['dashes', fill('-')],
    ['spaces', fill(' ')],
    ['line ends', fill('\r\n')],
    ['backslashes', fill('\\')],
    ['escaped line breaks', fill('\\\\r\\\\n')],
    ['letters', fill('A')],
    ['padding', fill('=')],
    ['long dashes', fill('—')],
    ['BEGIN lines', fill('-----BEGIN CERTIFICATE-----\n')],
    ['END lines', fill('-----END CERTIFICATE-----')],
    ['nearly BEGIN lines', fill('--BEGIN A B C D E F G H I J K L M N O P Q R S T U ')],
    ['empty blocks', fill('-----BEGIN A-----\n-----END A-----\n')],
    ['encryption headers', wrap('DEK-Info: '.repeat(MEBIBYTE / 10))],
    ['a block of spaces', wrap(' '.repeat(MEBIBYTE))],
    ['a block of padding', wrap('=\n'.repeat(MEBIBYTE / 2))],
    ['a block of one line', wrap('A'.repeat(MEBIBYTE))],
    ['a block of short lines', wrap('MIIB\n'.repeat(MEBIBYTE / 5))],
    ['nested sequences', Buffer.from('3080'.repeat(MEBIBYTE / 2), 'hex')],
    ['many certificates', Buffer.from(device.pem.repeat(Math.floor(MEBIBYTE / device.pem.length)))],
    ['a key that takes two thousand million rounds', huge],
    ['a PKCS#12 file and half a megabyte behind it', Buffer.concat([pkcs12, Buffer.alloc(MEBIBYTE / 2, 48)])],
  ])('of %s', (_, bytes) => expectJudgedInTime(bytes));

  test('of any few pieces, repeated', async () => {
    const piece = fc.oneof(
      fc.constantFrom(...FRAGMENTS, '\n', '-', ' ', 'A', '\\', '\r'),
      fc.string({ unit: 'binary', maxLength: 8 }),
    );
    const pieces = fc.array(piece, { minLength: 1, maxLength: 5 }).filter((parts) => parts.join('') !== '');
    const property = fc.asyncProperty(pieces, (parts) =>
      expectJudgedInTime(Buffer.alloc(MEBIBYTE, parts.join(''))),
    );
    await fc.assert(property, { ...RUNS, numRuns: 25 });
  }, 60_000);

  async function expectJudgedInTime(bytes: Buffer): Promise<void> {
    for (const options of [
      { cert: bytes, key: pair.key },
      { cert: pair.cert, key: bytes },
    ]) {
      const start = process.cpuUsage();
      const report = await check({ ...options, passphrase });
      // The processor time does not depend on other processes.
      const { user, system } = process.cpuUsage(start);
      expect((user + system) / 1000).toBeLessThan(LIMIT_MS);
      expect(report.ok).toBe(false);
    }
  }
});
