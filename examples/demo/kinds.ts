import {
  createDeviceCertificate,
  createIntermediateCertificate,
  createRootCertificate,
  createSelfSignedCertificate,
  createVerificationCertificate,
  type EnrollmentKind,
  type IssuedCertificate,
} from 'azure-iot-certificates';
import type { Emulator, HubEmulator } from 'azure-iot-emulator';

/** One way to enroll a device. */
export interface Kind {
  /** For people who have never seen Azure IoT. */
  readonly about: string;
  /** The registration ID of the device, which is the common name (CN) of its certificate. */
  readonly registrationId: string;
  /** The model of the device; IoT Central shows its telemetry by it. */
  readonly modelId?: string;
  /** Makes the certificate of the device, and the one to be enrolled: the same, or the root CA above it. */
  makeCertificates(): Promise<{ device: IssuedCertificate; enrolled: IssuedCertificate; made: string }>;
  /** Does what a person does in the portal, and tells it. */
  enroll(emulator: Emulator, enrolled: IssuedCertificate): Promise<string>;
  idScope(emulator: Emulator): string;
  hub(emulator: Emulator): HubEmulator;
  /** The status of the device where it was enrolled, as that service knows it. */
  status(emulator: Emulator): string | undefined;
}

/** The Device Provisioning Service, and the one hub that it assigns devices to. */
const dps = (registrationId: string) => ({
  registrationId,
  idScope: ({ idScope }: Emulator) => idScope,
  hub: ({ hubs: [hub] }: Emulator) => {
    if (hub === undefined) throw new Error('The emulator has no hub.');
    return hub;
  },
  status: (emulator: Emulator) => emulator.dps.registrations.get(registrationId)?.status,
});

/** An IoT Central application, with a DPS and a hub of its own. */
const central = (registrationId: string) => ({
  registrationId,
  modelId: 'dtmi:com:example:Thermostat;1',
  idScope: (emulator: Emulator) => emulator.central.idScope,
  hub: (emulator: Emulator) => emulator.central.hub,
  status: (emulator: Emulator) => emulator.central.devices.get(registrationId)?.status,
});

async function selfSigned(registrationId: string) {
  const device = await createSelfSignedCertificate({ commonName: registrationId });
  return { device, enrolled: device, made: 'a key and a certificate that it has signed itself' };
}

/** Proof of possession: only who has the key of the CA can sign a certificate with the service's code as its CN. */
async function prove(verificationCode: string, issuer: IssuedCertificate): Promise<string> {
  return (await createVerificationCertificate({ verificationCode, issuer })).certificate;
}

/** The four kinds of enrollment. */
export const KINDS: Readonly<Record<EnrollmentKind, Kind>> = {
  'hub-individual': {
    ...dps('pump-1'),
    about: 'DPS holds the certificate of this one device: the quickest way to connect a few devices.',
    makeCertificates: () => selfSigned('pump-1'),
    enroll: ({ dps: { individualEnrollments } }, { certificate }) => {
      individualEnrollments.create({ registrationId: 'pump-1', primaryCertificate: certificate });
      const status = individualEnrollments.get('pump-1')?.provisioningStatus ?? 'missing';
      return Promise.resolve(`DPS has an individual enrollment with the certificate; it is ${status}`);
    },
  },
  'hub-group': {
    ...dps('pump-2'),
    about:
      'DPS holds a certificate authority (CA) and lets in every device whose certificate comes from it: the way to connect many.',
    makeCertificates: async () => {
      const root = await createRootCertificate({ commonName: 'Pumps Root CA' });
      const line = await createIntermediateCertificate({ commonName: 'Pumps Line 1', issuer: root });
      const device = await createDeviceCertificate({ commonName: 'pump-2', issuer: line });
      return {
        device,
        enrolled: root,
        made: 'a root CA, an intermediate, and the certificate of the device',
      };
    },
    enroll: async ({ dps: { certificates, enrollmentGroups } }, root) => {
      certificates.upload({ name: 'pumps', certificate: root.certificate });
      certificates.verify('pumps', await prove(certificates.generateVerificationCode('pumps'), root));
      enrollmentGroups.create({ enrollmentGroupId: 'pumps', certificateName: 'pumps' });
      const status = enrollmentGroups.get('pumps')?.provisioningStatus ?? 'missing';
      return `DPS has verified the root CA, and has an enrollment group with it that is ${status}`;
    },
  },
  'central-individual': {
    ...central('valve-1'),
    about: 'IoT Central holds the certificate of this one device, which was created there beforehand.',
    makeCertificates: () => selfSigned('valve-1'),
    enroll: ({ central: { devices } }, { certificate }) => {
      devices.create({ deviceId: 'valve-1' });
      devices.attest('valve-1', { primaryCertificate: certificate, secondaryCertificate: certificate });
      const status = devices.get('valve-1')?.status ?? 'missing';
      return Promise.resolve(`IoT Central has the device with its certificate; it is ${status}`);
    },
  },
  'central-group': {
    ...central('valve-2'),
    about: 'IoT Central holds a CA; devices with a certificate from it appear by themselves.',
    makeCertificates: async () => {
      const root = await createRootCertificate({ commonName: 'Valves Root CA' });
      const device = await createDeviceCertificate({ commonName: 'valve-2', issuer: root });
      return { device, enrolled: root, made: 'a root CA, and the certificate of the device' };
    },
    enroll: async ({ central: { enrollmentGroups } }, root) => {
      enrollmentGroups.create({ name: 'valves', certificate: root.certificate });
      enrollmentGroups.verify(
        'valves',
        await prove(enrollmentGroups.generateVerificationCode('valves'), root),
      );
      const status = enrollmentGroups.get('valves')?.isVerified === true ? 'verified' : 'not verified';
      return `IoT Central has an enrollment group with the root CA, which is ${status}`;
    },
  },
};
