import { check } from './support/check';
import { GOOD_SUBJECT, make, makeHierarchy, tlv } from './support/make';

/** A small generator of pseudo-random numbers (mulberry32), so that a failure can be repeated. */
function seeded(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

type Mutation = (bytes: Buffer, random: (below: number) => number) => Buffer;

const MUTATIONS: readonly Mutation[] = [
  (bytes, random) => {
    const copy = Buffer.from(bytes);
    copy[random(copy.length)] = random(256);
    return copy;
  },
  (bytes, random) => {
    const copy = Buffer.from(bytes);
    const at = random(copy.length);
    copy[at] = (copy[at] ?? 0) ^ (1 << random(8));
    return copy;
  },
  (bytes, random) => bytes.subarray(0, random(bytes.length)),
  (bytes, random) => bytes.subarray(random(bytes.length)),
  (bytes, random) => {
    const at = random(bytes.length);
    return Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + 1 + random(40))]);
  },
  (bytes, random) => {
    const [from, to] = [random(bytes.length), random(bytes.length)];
    return Buffer.concat([
      bytes.subarray(0, to),
      bytes.subarray(from, from + random(100)),
      bytes.subarray(to),
    ]);
  },
  (bytes, random) => {
    const words = [
      '-----BEGIN CERTIFICATE-----',
      '-----END X-----',
      '\n',
      '\0',
      '\\n',
      '=',
      '–',
      'DEK-Info: X,00',
    ];
    const at = random(bytes.length);
    return Buffer.concat([
      bytes.subarray(0, at),
      Buffer.from(words[random(words.length)] ?? ''),
      bytes.subarray(at),
    ]);
  },
];

const ROUNDS = 150;
const tree = makeHierarchy();
const device = make({ subject: GOOD_SUBJECT });
const passphrase = 'secret';
const encrypted = { cipher: 'aes-128-cbc', passphrase } as const;
const pair = { cert: Buffer.from(device.pem), key: Buffer.from(device.key) };

const VALID: Record<string, { cert: Buffer; key: Buffer; damaged: 'cert' | 'key' }> = {
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
};

describe.each(Object.entries(VALID))('however %s is damaged', (_, valid) => {
  test('the answer is a report, and a pair that is not usable is never called so', async () => {
    const random = seeded(20_261_121);
    for (let round = 0; round < ROUNDS; round++) {
      let bytes = valid[valid.damaged];
      for (let times = 1 + random(3); times > 0 && bytes.length > 0; times--) {
        bytes = MUTATIONS[random(MUTATIONS.length)]?.(bytes, random) ?? bytes;
      }
      const enrollment = random(2) === 0 ? 'hub-group' : 'hub-individual';
      const report = await check({
        enrollment,
        cert: valid.cert,
        key: valid.key,
        [valid.damaged]: bytes,
        passphrase,
      });
      if (report.certificate === undefined) expect(report.ok).toBe(false);
      for (const { message, remedy } of report.findings) {
        expect(message.length).toBeLessThan(2000);
        expect(remedy).not.toBe('');
        // eslint-disable-next-line no-control-regex -- that is what must not be there
        expect(message + remedy).not.toMatch(/[\u0000-\u0009\u000b-\u001f]/);
      }
    }
  });
});

describe('a megabyte is judged within a second', () => {
  const MEBIBYTE = 1024 * 1024;
  const fill = (pattern: string): Buffer => Buffer.alloc(MEBIBYTE, pattern);
  const random = seeded(7);
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
    ['random bytes', Buffer.from(Array.from({ length: MEBIBYTE }, () => random(256)))],
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
  ])('%s', async (_, bytes) => {
    for (const options of [
      { cert: bytes, key: pair.key },
      { cert: pair.cert, key: bytes },
    ]) {
      const start = performance.now();
      const report = await check({ ...options, passphrase });
      expect(performance.now() - start).toBeLessThan(1000);
      expect(report.ok).toBe(false);
    }
  });
});
