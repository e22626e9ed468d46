import {
  createDeviceCertificate,
  createIntermediateCertificate,
  createRootCertificate,
  createSelfSignedCertificate,
  createVerificationCertificate,
  type IssuedCertificate,
} from 'azure-iot-certificates';
import { EmulatorError, startEmulator, type DpsEmulator } from 'azure-iot-emulator';
import { useEmulator } from './support/emulator';

const context = useEmulator();
/** An error with that code of the service. */
const code = (value: number): Error =>
  expect.objectContaining({ name: 'EmulatorError', code: value }) as Error;

let dps: DpsEmulator;
let root: IssuedCertificate;
let device: IssuedCertificate;

beforeAll(async () => {
  ({ dps } = context.emulator);
  root = await createRootCertificate({ commonName: 'root' });
  device = await createSelfSignedCertificate({ commonName: 'sensor-1' });
});

describe('an individual enrollment', () => {
  afterEach(() => {
    for (const { registrationId } of dps.individualEnrollments.list())
      dps.individualEnrollments.delete(registrationId);
  });

  it('can be created, read, listed, updated and deleted', () => {
    const { individualEnrollments } = dps;
    const created = individualEnrollments.create({
      registrationId: 'sensor-1',
      primaryCertificate: device.certificate,
    });
    expect(created).toMatchObject({ deviceId: 'sensor-1', provisioningStatus: 'enabled' });
    expect(individualEnrollments.get('SENSOR-1')).toEqual(created);
    const updated = individualEnrollments.update('sensor-1', { provisioningStatus: 'disabled' });
    expect(updated).toMatchObject({ provisioningStatus: 'disabled', primaryCertificate: device.certificate });
    expect(updated.etag).not.toBe(created.etag);
    expect(individualEnrollments.list()).toEqual([updated]);
    individualEnrollments.delete('sensor-1');
    expect(individualEnrollments.get('sensor-1')).toBeUndefined();
  });

  it('is refused with values that DPS refuses', () => {
    const { individualEnrollments } = dps;
    const primaryCertificate = device.certificate;
    const create =
      (registrationId: string, certificate = primaryCertificate) =>
      () =>
        individualEnrollments.create({ registrationId, primaryCertificate: certificate });
    create('sensor-1')();
    expect(create('Sensor-1', root.certificate)).toThrow(code(409001));
    expect(create('sensor-2')).toThrow(code(409001));
    expect(create('sensor 2', root.certificate)).toThrow(code(400004));
    expect(create('sensor.', root.certificate)).toThrow(code(400004));
    expect(create('s'.repeat(129), root.certificate)).toThrow(code(400004));
    expect(() => individualEnrollments.update('nobody', {})).toThrow(code(404201));
    expect(() => {
      individualEnrollments.delete('nobody');
    }).toThrow(code(404201));
  });

  it('keeps its optional information in an update, and loses it with null', async () => {
    const { individualEnrollments } = dps;
    const next = await createSelfSignedCertificate({ commonName: 'sensor-1' });
    const all = {
      secondaryCertificate: next.certificate,
      initialTwin: { tags: { floor: 1 } },
      optionalDeviceInformation: { batch: 12 },
      capabilities: { iotEdge: true },
    };
    individualEnrollments.create({
      registrationId: 'sensor-1',
      primaryCertificate: device.certificate,
      ...all,
    });
    expect(individualEnrollments.get('sensor-1')).toMatchObject(all);
    expect(individualEnrollments.update('sensor-1', {})).toMatchObject(all);
    const bare = individualEnrollments.update('sensor-1', {
      primaryCertificate: next.certificate,
      secondaryCertificate: null,
      initialTwin: null,
      optionalDeviceInformation: null,
    });
    expect(bare).toMatchObject({ primaryCertificate: next.certificate, capabilities: { iotEdge: true } });
    expect(bare).not.toHaveProperty('secondaryCertificate');
    expect(bare).not.toHaveProperty('initialTwin');
    expect(bare).not.toHaveProperty('optionalDeviceInformation');
    // A certificate that was taken away is free for others.
    individualEnrollments.create({ registrationId: 'sensor-2', primaryCertificate: device.certificate });
  });

  it.each<[string, object]>([
    ['a status that there is none of', { provisioningStatus: 'paused' }],
    ['capabilities that are none', { capabilities: { iotEdge: 'yes' } }],
    ['information that is no object', { optionalDeviceInformation: 'batch 12' }],
    ['a certificate that is none', { primaryCertificate: '' }],
  ])('is refused with %s', (_what, departure) => {
    const create = (): unknown =>
      dps.individualEnrollments.create({
        registrationId: 'sensor-1',
        primaryCertificate: device.certificate,
        ...departure,
      });
    expect(create).toThrow(code(400004));
    expect(dps.individualEnrollments.get('sensor-1')).toBeUndefined();
  });

  it('is changed and deleted only if its etag is the expected one', () => {
    const { individualEnrollments } = dps;
    const created = individualEnrollments.create({
      registrationId: 'sensor-1',
      primaryCertificate: device.certificate,
    });
    const ifMatch = created.etag;
    const updated = individualEnrollments.update('sensor-1', { deviceId: 'a' }, { ifMatch });
    expect(() => individualEnrollments.update('sensor-1', { deviceId: 'b' }, { ifMatch })).toThrow(
      code(412001),
    );
    expect(() => {
      individualEnrollments.delete('sensor-1', { ifMatch });
    }).toThrow(code(412001));
    expect(individualEnrollments.get('sensor-1')).toEqual(updated);
    individualEnrollments.update('sensor-1', { deviceId: 'c' }, { ifMatch: '*' });
    individualEnrollments.delete('sensor-1', { ifMatch: individualEnrollments.get('sensor-1')?.etag ?? '' });
    expect(individualEnrollments.list()).toEqual([]);
  });

  it('is refused with a private key for a certificate, which no error repeats', () => {
    const create = (): unknown =>
      dps.individualEnrollments.create({ registrationId: 'sensor-3', primaryCertificate: device.privateKey });
    expect(create).toThrow(code(400004));
    expect(create).toThrow(/^primaryCertificate is not a certificate in PEM form$/);
  });
});

describe('a proof of possession', () => {
  const cases: [
    title: string,
    problem: RegExp,
    prove: (verificationCode: string) => Promise<IssuedCertificate>,
  ][] = [
    [
      'a certificate with another common name',
      /its common name is WRONG and not the verification code [0-9A-F]{48}/,
      () => createVerificationCertificate({ verificationCode: 'WRONG', issuer: root }),
    ],
    [
      'a certificate signed by another key',
      /not signed by this certificate authority's private key/,
      async (verificationCode) =>
        createVerificationCertificate({
          verificationCode,
          issuer: await createRootCertificate({ commonName: 'root' }),
        }),
    ],
    [
      'a certificate that has expired',
      /not now/,
      (verificationCode) =>
        createVerificationCertificate({
          verificationCode,
          issuer: root,
          validity: {
            notBefore: new Date(Date.now() - 7_200_000),
            notAfter: new Date(Date.now() - 3_600_000),
          },
        }),
    ],
  ];

  beforeAll(() => {
    dps.certificates.upload({ name: 'root', certificate: root.certificate });
  });

  it.each(cases)('is refused with %s', async (_title, problem, prove) => {
    const proof = await prove(dps.certificates.generateVerificationCode('root'));
    expect(() => dps.certificates.verify('root', proof.certificate)).toThrow(problem);
    expect(dps.certificates.get('root')?.isVerified).toBe(false);
  });

  it('refuses an old verification code', async () => {
    const verificationCode = dps.certificates.generateVerificationCode('root');
    const proof = await createVerificationCertificate({ verificationCode, issuer: root });
    dps.certificates.generateVerificationCode('root');
    expect(() => dps.certificates.verify('root', proof.certificate)).toThrow(/common name/);
  });

  it('needs a verification code that was generated before', async () => {
    dps.certificates.upload({ name: 'no-code', certificate: root.certificate });
    const proof = await createVerificationCertificate({ verificationCode: 'code', issuer: root });
    expect(() => dps.certificates.verify('no-code', proof.certificate)).toThrow(/no verification code/);
  });

  it('is accepted with the right certificate', async () => {
    const verificationCode = dps.certificates.generateVerificationCode('root');
    const proof = await createVerificationCertificate({ verificationCode, issuer: root });
    expect(dps.certificates.verify('root', proof.certificate)).toMatchObject({
      name: 'root',
      isVerified: true,
      thumbprint: root.thumbprint,
    });
  });

  it('can be skipped when the authority is uploaded', () => {
    dps.certificates.upload({ name: 'trusted', certificate: root.certificate, isVerified: true });
    expect(dps.certificates.get('trusted')?.isVerified).toBe(true);
  });

  it('is possible for uploaded certificate authorities only', () => {
    const { certificates } = dps;
    expect(() => certificates.upload({ name: 'leaf', certificate: device.certificate })).toThrow(
      code(400004),
    );
    expect(() => certificates.upload({ name: 'root', certificate: root.certificate })).toThrow(code(409001));
    expect(() => certificates.generateVerificationCode('nobody')).toThrow(code(404008));
    expect(() => certificates.verify('nobody', root.certificate)).toThrow(code(404008));
  });
});

describe('an enrollment group', () => {
  let authority: IssuedCertificate;

  beforeAll(async () => {
    authority = await createRootCertificate({ commonName: 'authority' });
    dps.certificates.upload({ name: 'authority', certificate: authority.certificate });
  });

  afterEach(() => {
    for (const { enrollmentGroupId } of dps.enrollmentGroups.list())
      dps.enrollmentGroups.delete(enrollmentGroupId);
  });

  it('can be created, read, listed, updated and deleted', () => {
    const { enrollmentGroups } = dps;
    const created = enrollmentGroups.create({ enrollmentGroupId: 'fleet', certificateName: 'authority' });
    expect(enrollmentGroups.get('fleet')).toEqual(created);
    const updated = enrollmentGroups.update('fleet', {
      signingCertificate: authority.certificate,
      provisioningStatus: 'disabled',
    });
    expect(updated).toMatchObject({
      signingCertificate: authority.certificate,
      provisioningStatus: 'disabled',
    });
    expect(updated).not.toHaveProperty('certificateName');
    expect(enrollmentGroups.update('fleet', { provisioningStatus: 'enabled' })).toMatchObject({
      signingCertificate: authority.certificate,
      provisioningStatus: 'enabled',
    });
    enrollmentGroups.delete('fleet');
    expect(enrollmentGroups.list()).toEqual([]);
  });

  it('is changed and deleted only if its etag is the expected one', () => {
    const { enrollmentGroups } = dps;
    const { etag: ifMatch } = enrollmentGroups.create({
      enrollmentGroupId: 'fleet',
      certificateName: 'authority',
      initialTwin: { tags: { floor: 1 } },
    });
    const updated = enrollmentGroups.update('fleet', { initialTwin: null }, { ifMatch });
    expect(updated).not.toHaveProperty('initialTwin');
    expect(() => enrollmentGroups.update('fleet', {}, { ifMatch })).toThrow(code(412001));
    expect(() => {
      enrollmentGroups.delete('fleet', { ifMatch });
    }).toThrow(code(412001));
    enrollmentGroups.delete('FLEET', { ifMatch: updated.etag });
  });

  it('may have two authorities, roots or intermediates, uploaded or in the group itself', async () => {
    const { enrollmentGroups, certificates } = dps;
    const next = await createRootCertificate({ commonName: 'next authority' });
    const line = await createIntermediateCertificate({ commonName: 'line', issuer: next });
    certificates.upload({ name: 'next', certificate: next.certificate });
    expect(
      enrollmentGroups.create({
        enrollmentGroupId: 'fleet',
        certificateName: 'authority',
        secondaryCertificateName: 'next',
      }),
    ).toMatchObject({ certificateName: 'authority', secondaryCertificateName: 'next' });
    expect(() => {
      certificates.delete('next');
    }).toThrow(code(409001));
    const own = enrollmentGroups.update('fleet', {
      signingCertificate: authority.certificate,
      secondarySigningCertificate: line.certificate,
    });
    expect(own).toMatchObject({ secondarySigningCertificate: line.certificate });
    expect(own).not.toHaveProperty('secondaryCertificateName');
    certificates.delete('next');
  });

  it('is refused with values that DPS refuses', () => {
    const { enrollmentGroups, certificates } = dps;
    const create = (enrollmentGroupId: string, certificateName: string) => () =>
      enrollmentGroups.create({ enrollmentGroupId, certificateName });
    create('fleet', 'authority')();
    expect(create('fleet', 'authority')).toThrow(code(409001));
    expect(create('other', 'authority')).toThrow(code(409001));
    expect(create('other', 'nobody')).toThrow(code(404008));
    expect(create('a group', 'authority')).toThrow(code(400004));
    expect(() =>
      enrollmentGroups.create({ enrollmentGroupId: 'leaf', signingCertificate: device.certificate }),
    ).toThrow(code(400004));
    expect(() => {
      certificates.delete('authority');
    }).toThrow(code(409001));
    expect(() => enrollmentGroups.update('nobody', {})).toThrow(code(404204));
    expect(() => {
      enrollmentGroups.delete('nobody');
    }).toThrow(code(404204));
  });
});

describe('the limits of DPS', () => {
  it('are 25 certificate authorities and 100 groups', async () => {
    await using emulator = await startEmulator();
    const { certificates, enrollmentGroups } = emulator.dps;
    const authorities: string[] = [];
    for (let index = 0; index <= 100; index++) {
      authorities.push((await createRootCertificate({ commonName: `limit ${index}` })).certificate);
    }
    const upload = (index: number) => () =>
      certificates.upload({ name: `limit-${index}`, certificate: authorities[index] ?? '' });
    for (let index = 0; index < 25; index++) upload(index)();
    expect(upload(25)).toThrow(code(403002));
    certificates.delete('limit-0');
    upload(25)();
    const group = (index: number) => () =>
      enrollmentGroups.create({
        enrollmentGroupId: `limit-${index}`,
        signingCertificate: authorities[index] ?? '',
      });
    for (let index = 0; index < 100; index++) group(index)();
    expect(group(100)).toThrow(code(403002));
    enrollmentGroups.delete('limit-0');
    group(100)();
  });
});

describe('an EmulatorError of DPS', () => {
  it('carries the code of the service', async () => {
    const leaf = await createDeviceCertificate({ commonName: 'sensor-9', issuer: root });
    const error = new EmulatorError(404001, `There is no device ${leaf.thumbprint}`);
    expect(error).toBeInstanceOf(Error);
    expect(error).toMatchObject({ name: 'EmulatorError', code: 404001 });
  });
});
