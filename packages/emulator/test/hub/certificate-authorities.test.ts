import {
  createDeviceCertificate,
  createIntermediateCertificate,
  createRootCertificate,
  createSelfSignedCertificate,
  createVerificationCertificate,
  type IssuedCertificate,
} from 'azure-iot-certificates';
import { startEmulator, type HubEmulator } from 'azure-iot-emulator';
import { connectToHub, createHubDevice, openHubConnection } from '../support/clients';
import { useEmulator } from '../support/emulator';

const context = useEmulator();
let root: IssuedCertificate;
let intermediate: IssuedCertificate;

beforeAll(async () => {
  root = await createRootCertificate({ commonName: 'root' });
  intermediate = await createIntermediateCertificate({ commonName: 'intermediate', issuer: root });
});
afterEach(() => {
  const { certificates, devices } = context.hub;
  for (const { name } of certificates.list()) certificates.delete(name);
  for (const { deviceId } of devices.list()) devices.delete(deviceId);
});

const code = (value: number): Error => expect.objectContaining({ code: value }) as Error;
const DAY_MS = 86_400_000;
const EXPIRED = { notBefore: new Date(Date.now() - 2 * DAY_MS), notAfter: new Date(Date.now() - DAY_MS) };
const authentication = { type: 'certificateAuthority' } as const;

function upload(certificate: IssuedCertificate, isVerified = true, hub: HubEmulator = context.hub): void {
  hub.certificates.upload({ name: 'ca', certificate: certificate.certificate, isVerified });
}

/** The CONNACK's return code for a client of that name with that certificate. */
async function connect(
  clientId: string,
  identity: { fullChain: string; privateKey: string },
): Promise<number> {
  const { emulator, hub } = context;
  await using connection = await openHubConnection(emulator, hub, clientId, identity);
  return connection.connack.returnCode ?? -1;
}

describe('a device whose certificates are signed by an authority', () => {
  it('connects with any certificate of that authority for its device ID', async () => {
    const { emulator, hub } = context;
    upload(root);
    hub.devices.create({ deviceId: 'pump-1', authentication });
    for (const issuer of [root, intermediate]) {
      const leaf = await createDeviceCertificate({ commonName: 'pump-1', issuer });
      await using client = await connectToHub(emulator, hub, 'pump-1', leaf);
      await client.ping();
    }
    expect(hub.getTwin('pump-1')).toMatchObject({
      authenticationType: 'certificateAuthority',
      x509Thumbprint: { primaryThumbprint: null, secondaryThumbprint: null },
    });
  });

  it('needs its intermediate only if that is not the authority which is uploaded', async () => {
    context.hub.devices.create({ deviceId: 'pump-1', authentication });
    const leaf = await createDeviceCertificate({ commonName: 'pump-1', issuer: intermediate });
    const alone = { fullChain: leaf.certificate, privateKey: leaf.privateKey };
    upload(root);
    expect(await connect('pump-1', alone)).toBe(5);
    expect(await connect('pump-1', leaf)).toBe(0);
    context.hub.certificates.delete('ca');
    upload(intermediate);
    expect(await connect('pump-1', alone)).toBe(0);
  });

  it('is accepted after the proof of possession and not before', async () => {
    const { certificates, devices } = context.hub;
    devices.create({ deviceId: 'pump-1', authentication });
    const leaf = await createDeviceCertificate({ commonName: 'pump-1', issuer: root });
    expect(await connect('pump-1', leaf)).toBe(5);
    upload(root, false);
    expect(await connect('pump-1', leaf)).toBe(5);
    const verificationCode = certificates.generateVerificationCode('ca');
    const proof = await createVerificationCertificate({ verificationCode, issuer: root });
    expect(certificates.verify('ca', proof.certificate)).toMatchObject({ isVerified: true });
    expect(await connect('pump-1', leaf)).toBe(0);
    certificates.delete('ca');
    expect(await connect('pump-1', leaf)).toBe(5);
  });

  it('is refused with a leaf of another name, authority or time', async () => {
    upload(root);
    context.hub.devices.create({ deviceId: 'pump-1', authentication });
    const other = await createRootCertificate({ commonName: 'root' });
    const leaves = await Promise.all([
      createDeviceCertificate({ commonName: 'pump-2', issuer: root }),
      createDeviceCertificate({ commonName: 'PUMP-1', issuer: root }),
      createDeviceCertificate({ commonName: 'pump-1', issuer: other }),
      createSelfSignedCertificate({ commonName: 'pump-1' }),
      createDeviceCertificate({
        commonName: 'pump-1',
        issuer: root,
        validity: EXPIRED,
      }),
    ]);
    for (const leaf of leaves) expect(await connect('pump-1', leaf)).toBe(5);
  });

  it('is not accepted by a thumbprint, nor a device with a thumbprint by an authority', async () => {
    upload(root);
    const leaf = await createDeviceCertificate({ commonName: 'pump-1', issuer: root });
    const { devices } = context.hub;
    devices.create({ deviceId: 'pump-1' });
    expect(await connect('pump-1', leaf)).toBe(5);
    devices.update('pump-1', { authentication: { primaryThumbprint: leaf.thumbprint } });
    expect(await connect('pump-1', leaf)).toBe(0);
    const stranger = await createSelfSignedCertificate({ commonName: 'pump-1' });
    devices.update('pump-1', { authentication });
    expect(await connect('pump-1', stranger)).toBe(5);
    expect(await connect('pump-1', leaf)).toBe(0);
  });

  it('has modules whose common name is deviceId/moduleId', async () => {
    const { hub } = context;
    upload(root);
    hub.devices.create({ deviceId: 'pump-1' });
    hub.modules.create({ deviceId: 'pump-1', moduleId: 'camera', authentication });
    // A leaf like any other, but with a name that a device could not have.
    const leaf = await createVerificationCertificate({ verificationCode: 'pump-1/camera', issuer: root });
    expect(await connect('pump-1/camera', leaf)).toBe(0);
    for (const commonName of ['camera', 'pump-1']) {
      const misnamed = await createDeviceCertificate({ commonName, issuer: root });
      expect(await connect('pump-1/camera', misnamed)).toBe(5);
    }
  });
});

describe('a certificate that has expired', () => {
  it('is accepted by its thumbprint, unless the emulator was started otherwise', async () => {
    for (const allowExpiredThumbprints of [true, false]) {
      await using emulator = await startEmulator({ unverifiedBehavior: { allowExpiredThumbprints } });
      const [hub] = emulator.hubs;
      if (hub === undefined) throw new Error('there is a hub by default');
      const leaf = await createSelfSignedCertificate({
        commonName: 'pump-1',
        validity: EXPIRED,
      });
      hub.devices.create({ deviceId: 'pump-1', authentication: { primaryThumbprint: leaf.thumbprint } });
      await using connection = await openHubConnection(emulator, hub, 'pump-1', leaf);
      expect(connection.connack.returnCode).toBe(allowExpiredThumbprints ? 0 : 5);
    }
  });
});

describe('the certificate authorities of a hub', () => {
  it('are at most 25, and each of them an authority', async () => {
    const { certificates } = context.hub;
    const leaf = await createSelfSignedCertificate({ commonName: 'pump-1' });
    expect(() => certificates.upload({ name: 'leaf', certificate: leaf.certificate })).toThrow(code(400004));
    for (let count = 0; count < 25; count++) {
      certificates.upload({ name: `ca-${count}`, certificate: root.certificate });
    }
    expect(() => certificates.upload({ name: 'ca-25', certificate: root.certificate })).toThrow(code(403002));
    expect(() => certificates.upload({ name: 'ca-0', certificate: root.certificate })).toThrow(code(409001));
    certificates.delete('ca-0');
    certificates.upload({ name: 'ca-25', certificate: root.certificate });
  });

  it('are not those of another hub or of DPS', async () => {
    await using emulator = await startEmulator({ hubs: ['north', 'south'] });
    const [north, south] = emulator.hubs;
    if (north === undefined || south === undefined) throw new Error('two hubs were asked for');
    upload(root, true, north);
    expect(south.certificates.list()).toEqual([]);
    expect(emulator.dps.certificates.list()).toEqual([]);
    south.devices.create({ deviceId: 'pump-1', authentication });
    const leaf = await createDeviceCertificate({ commonName: 'pump-1', issuer: root });
    await using connection = await openHubConnection(emulator, south, 'pump-1', leaf);
    expect(connection.connack).toMatchObject({ returnCode: 5 });
  });
});

describe('the authentication of a device', () => {
  it('has a known type and no thumbprints next to an authority', async () => {
    const { devices } = context.hub;
    const identity = await createHubDevice(context.hub, 'pump-1');
    expect(devices.get('pump-1')?.authentication).toEqual({
      type: 'selfSigned',
      primaryThumbprint: identity.thumbprint,
    });
    // Neither compiles; callers in JavaScript can still do it.
    const update = (wrong: object): unknown => devices.update('pump-1', { authentication: wrong });
    expect(() => update({ type: 'sas' })).toThrow(code(400004));
    expect(() => update({ ...authentication, primaryThumbprint: identity.thumbprint })).toThrow(code(400004));
    expect(devices.update('pump-1', { authentication }).authentication).toEqual(authentication);
  });
});
