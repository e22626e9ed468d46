import {
  createDeviceCertificate,
  createIntermediateCertificate,
  createRootCertificate,
  createSelfSignedCertificate,
  createVerificationCertificate,
  type IssuedCertificate,
} from 'azure-iot-certificates';
import { createServerCertificate } from '../../src/making/server';
import { problemsOf, remediesOf } from './problems';

const DAY_MS = 86_400_000;
const CHARACTERS =
  'commonName must consist of letters, digits, - . _ and : only, the last character being a letter, a digit or -.';

describe('the options of the create functions:', () => {
  let root: IssuedCertificate;
  beforeAll(async () => {
    root = await createRootCertificate({ commonName: 'Root' });
  });

  test('all problems are listed at once, each with its option', async () => {
    const promise = createDeviceCertificate({
      commonName: 'no spaces!',
      subject: { country: 'Switzerland', organization: 'x'.repeat(65), state: '', locality: 'a\u0000b' },
      // @ts-expect-error -- not an algorithm
      keyAlgorithm: 'RSA-1024',
      validity: { days: 0 },
      // @ts-expect-error -- not a certificate
      issuer: { certificate: 'x' },
    });
    expect(await problemsOf(promise)).toEqual([
      CHARACTERS,
      'subject.country must be two letters, e.g. CH.',
      'subject.organization has 65 characters; at most 64 are allowed.',
      'subject.state is empty.',
      'subject.locality holds control characters or broken Unicode.',
      'keyAlgorithm must be one of EC-P256, EC-P384, RSA-2048, RSA-3072, RSA-4096.',
      'issuer is not a certificate with its key.',
      'validity.days must be a whole number from 1 to 36500.',
    ]);
  });

  test.each([
    ['', 'commonName is empty.'],
    ['x'.repeat(65), 'commonName has 65 characters; at most 64 are allowed.'],
    ['ends-with.', CHARACTERS],
    ['müller', CHARACTERS],
    ['a/b', CHARACTERS],
    ['line\n', 'commonName holds control characters or broken Unicode.'],
  ])('the registration ID %j is refused', async (commonName, problem) => {
    expect(await problemsOf(createSelfSignedCertificate({ commonName }))).toEqual([problem]);
  });

  test.each(['x'.repeat(64), 'A', 'trailing-', '_a', 'a:b.c_d-E9'])(
    'the registration ID %j is taken',
    async (commonName) => {
      const { x509 } = await createSelfSignedCertificate({ commonName });
      expect(x509.subject).toBe(`CN=${commonName}`);
    },
  );

  test('missing options are named', async () => {
    // @ts-expect-error -- the common name is missing
    expect(await problemsOf(createRootCertificate({}))).toEqual(['commonName is missing.']);
    // @ts-expect-error -- the issuer is missing
    expect(await problemsOf(createDeviceCertificate({ commonName: 'a' }))).toEqual(['issuer is missing.']);
    // @ts-expect-error -- the code is missing
    expect(await problemsOf(createVerificationCertificate({ issuer: root }))).toEqual([
      'verificationCode is missing.',
    ]);
  });

  test('unknown fields of the subject are named', async () => {
    // @ts-expect-error -- the common name is an option of its own
    const promise = createRootCertificate({ commonName: 'A', subject: { CN: 'B' } });
    expect(await problemsOf(promise)).toEqual(['subject.CN is not an option.']);
    // @ts-expect-error -- text would need escaping
    const text = createRootCertificate({ commonName: 'A', subject: 'O=B' });
    expect(await problemsOf(text)).toEqual(['subject must be an object.']);
  });

  test('the remedy for a bad common name has a similar good one', async () => {
    const remedy = async (commonName: string) => {
      const [first = ''] = await remediesOf(createSelfSignedCertificate({ commonName }));
      return first.split('. ')[0];
    };
    expect(await remedy('x'.repeat(70))).toBe('Shorten commonName to 64 characters or less');
    expect(await remedy('Pump 1')).toBe('Write for example pump-1');
    expect(await remedy(' Müller/Söhne #7. ')).toBe('Write for example muller-sohne-7');
    expect(await remedy('温度')).toMatch(/^Pass the registration ID of the device, such as pump-1/);
    expect(await remedy('')).toMatch(/^Pass the registration ID of the device, such as pump-1/);
    const [ofAuthority = ''] = await remediesOf(createRootCertificate({ commonName: 'x'.repeat(70) }));
    expect(ofAuthority).toMatch(/^Shorten commonName to 64 characters or less\. /);
  });

  test('an unknown option is refused, and the similar known one is named', async () => {
    // @ts-expect-error -- misspelled
    const algorithm = createSelfSignedCertificate({ commonName: 'a', keyAlgoritm: 'RSA-2048' });
    expect(await problemsOf(algorithm)).toEqual(['keyAlgoritm is not an option. Did you mean keyAlgorithm?']);
    // @ts-expect-error -- misspelled
    const validity = createRootCertificate({ commonName: 'A', validty: { days: 1 } });
    expect(await problemsOf(validity)).toEqual(['validty is not an option. Did you mean validity?']);
    // @ts-expect-error -- misspelled
    const days = createRootCertificate({ commonName: 'A', validity: { day: 1 } });
    expect(await problemsOf(days)).toEqual(['validity.day is not an option. Did you mean validity.days?']);
    // @ts-expect-error -- misspelled
    const field = createRootCertificate({ commonName: 'A', subject: { organisation: 'Contoso' } });
    expect(await problemsOf(field)).toEqual([
      'subject.organisation is not an option. Did you mean subject.organization?',
    ]);
    // @ts-expect-error -- misspelled
    const path = createIntermediateCertificate({ commonName: 'A', issuer: root, pathlenght: 1 });
    expect(await problemsOf(path)).toEqual(['pathlenght is not an option. Did you mean pathLength?']);
    // @ts-expect-error -- a self-signed certificate has no issuer
    const issuer = createSelfSignedCertificate({ commonName: 'a', issuer: root });
    expect(await problemsOf(issuer)).toEqual(['issuer is not an option.']);
    // @ts-expect-error -- the common name is the code
    const name = createVerificationCertificate({ verificationCode: 'A', commonName: 'B', issuer: root });
    expect(await problemsOf(name)).toEqual(['commonName is not an option.']);
    expect(await remediesOf(name)).toEqual([
      'Correct its name or leave it out. The options are: verificationCode, issuer, subject, validity, keyAlgorithm.',
    ]);
  });

  test('an option with the value undefined counts as absent, whatever its name', async () => {
    const options: object = { commonName: 'a', passphrase: undefined };
    const untyped = createSelfSignedCertificate as (options: object) => Promise<unknown>;
    await expect(untyped(options)).resolves.toBeDefined();
  });

  test.each([
    ['createSelfSignedCertificate', createSelfSignedCertificate],
    ['createRootCertificate', createRootCertificate],
    ['createIntermediateCertificate', createIntermediateCertificate],
    ['createDeviceCertificate', createDeviceCertificate],
    ['createVerificationCertificate', createVerificationCertificate],
  ])('%s refuses options that are no object', async (_name, create) => {
    const untyped = create as (options?: unknown) => Promise<unknown>;
    expect(await problemsOf(untyped())).toEqual(['options is missing.']);
    for (const options of [null, 'pump-1', 7, ['pump-1']]) {
      expect(await problemsOf(untyped(options))).toEqual(['options must be an object.']);
    }
  });

  test('an issuer that is a promise is told from one that is no certificate', async () => {
    // @ts-expect-error -- a promise
    const promise = createDeviceCertificate({ commonName: 'a', issuer: Promise.resolve(root) });
    expect(await problemsOf(promise)).toEqual(['issuer is a promise: await it first.']);
    // @ts-expect-error -- not a certificate
    const nothing = createDeviceCertificate({ commonName: 'a', issuer: null });
    expect(await problemsOf(nothing)).toEqual(['issuer is not a certificate with its key.']);
  });

  test('days and dates exclude each other', async () => {
    // @ts-expect-error -- days and an end exclude each other
    const both = createRootCertificate({ commonName: 'A', validity: { days: 1, notAfter: new Date() } });
    expect(await problemsOf(both)).toEqual(['validity holds both days and dates.']);
    // @ts-expect-error -- a beginning alone is no validity
    const noEnd = createRootCertificate({ commonName: 'A', validity: { notBefore: new Date() } });
    expect(await problemsOf(noEnd)).toEqual(['validity holds neither days nor notAfter.']);
    // @ts-expect-error -- a number is no validity
    const number = createRootCertificate({ commonName: 'A', validity: 365 });
    expect(await problemsOf(number)).toEqual(['validity must be an object.']);
  });

  test('dates must be valid and in order', async () => {
    const create = (notBefore: Date, notAfter: Date) =>
      problemsOf(createRootCertificate({ commonName: 'A', validity: { notBefore, notAfter } }));
    expect(await create(new Date(1000), new Date(NaN))).toEqual([
      'validity.notAfter must be a Date from 1970 to 9999.',
    ]);
    expect(await create(new Date(-1), new Date(1000))).toEqual([
      'validity.notBefore must be a Date from 1970 to 9999.',
    ]);
    expect(await create(new Date(1000), new Date(1000))).toEqual(['validity ends before it begins.']);
  });
});

describe('an issuer', () => {
  let root: IssuedCertificate;
  let intermediate: IssuedCertificate;
  beforeAll(async () => {
    root = await createRootCertificate({ commonName: 'Root' });
    intermediate = await createIntermediateCertificate({ commonName: 'Intermediate', issuer: root });
  });

  test('that is not a certificate authority is refused', async () => {
    const issuer = await createSelfSignedCertificate({ commonName: 'leaf' });
    expect(await problemsOf(createDeviceCertificate({ commonName: 'a', issuer }))).toEqual([
      'issuer is not a certificate authority (basic constraints do not say CA:TRUE).',
    ]);
  });

  test('whose path length is 0 signs devices but no intermediates', async () => {
    const promise = createIntermediateCertificate({ commonName: 'Too deep', issuer: intermediate });
    expect(await problemsOf(promise)).toEqual(['issuer must not sign intermediates (its path length is 0).']);
  });

  test('limits the path length of the intermediates below it', async () => {
    const issuer = await createIntermediateCertificate({ commonName: 'Two', issuer: root, pathLength: 2 });
    const create = (pathLength: number) =>
      createIntermediateCertificate({ commonName: 'Below', issuer, pathLength });
    await expect(create(1)).resolves.toMatchObject({ chain: [issuer.certificate] });
    expect(await problemsOf(create(2))).toEqual([
      'pathLength must be less than 2, the path length that its issuer allows.',
    ]);
    expect(await problemsOf(create(-1))).toEqual(['pathLength must be a whole number from 0.']);
    expect(await problemsOf(create(0.5))).toEqual(['pathLength must be a whole number from 0.']);
  });

  test('that has expired is refused', async () => {
    const notAfter = new Date(Date.now() - DAY_MS);
    const validity = { notBefore: new Date(0), notAfter };
    const issuer = await createRootCertificate({ commonName: 'Old', validity });
    const [problem, ...others] = await problemsOf(createDeviceCertificate({ commonName: 'a', issuer }));
    expect(problem).toBe(`issuer has expired on ${notAfter.toISOString().replace(/\.\d+/, '.000')}.`);
    expect(others).toEqual([]);
  });

  test('cannot be outlived by a validity that is given', async () => {
    const issuer = await createRootCertificate({ commonName: 'Short', validity: { days: 10 } });
    const end = new Date(Date.now() + 11 * DAY_MS);
    const byDate = createDeviceCertificate({ commonName: 'a', issuer, validity: { notAfter: end } });
    expect(await problemsOf(byDate)).toEqual([
      expect.stringMatching(/^validity ends on .*, after its issuer's/),
    ]);
    const byDays = createDeviceCertificate({ commonName: 'a', issuer, validity: { days: 12 } });
    expect(await problemsOf(byDays)).toEqual([
      expect.stringMatching(/^validity ends on .*, after its issuer's/),
    ]);
  });
});

describe('a server certificate', () => {
  test('names its hosts and addresses', async () => {
    const issuer = await createRootCertificate({ commonName: 'Root' });
    const { x509 } = await createServerCertificate({ issuer, hostNames: ['localhost', '127.0.0.1', '::1'] });
    expect(x509.checkHost('localhost')).toBe('localhost');
    expect(x509.checkIP('127.0.0.1')).toBe('127.0.0.1');
    expect(x509.checkIP('::1')).toBe('::1');
    expect(x509.keyUsage).toEqual(['1.3.6.1.5.5.7.3.1']);
    expect(x509.subject).toBe('CN=localhost');
  });

  test('is refused without host names, and with names that are none', async () => {
    const issuer = await createRootCertificate({ commonName: 'Root' });
    const create = (hostNames: string[]) => problemsOf(createServerCertificate({ issuer, hostNames }));
    expect(await create([])).toEqual(['hostNames is empty.']);
    expect(await create(['localhost:8883', 'a b'])).toEqual([
      'hostNames holds what is neither a DNS name nor an IP address: localhost:8883, a b.',
    ]);
  });
});
