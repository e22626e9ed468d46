import type { ConnectOptions, EnrollmentKind } from 'azure-iot-x509';
import {
  createDeviceCertificate,
  createIntermediateCertificate,
  createRootCertificate,
  createSelfSignedCertificate,
  createVerificationCertificate,
  type IssuedCertificate,
  type ValidityOptions,
} from 'azure-iot-certificates';
import type { Emulator, HubEmulator } from 'azure-iot-emulator';

const subject = { organization: 'Contoso' };

/** How a test departs from a device that is enrolled as it should be. */
export interface Overrides {
  /** Of the device certificate. */
  validity?: ValidityOptions;
  /** For group kinds: leave the CA without proof of possession. */
  unverified?: boolean;
}

/** A device of one kind, enrolled in an emulator, with what it was enrolled with. */
export interface EnrolledDevice {
  readonly kind: EnrollmentKind;
  readonly registrationId: string;
  readonly device: IssuedCertificate;
  /** For group kinds. */
  readonly root: IssuedCertificate | undefined;
  /** The hub that it will be assigned to, of the emulator's that has just one. */
  readonly hub: HubEmulator;
  /** Options that connect it. */
  readonly options: ConnectOptions;
}

/** Makes certificates and enrolls a device the way the portal guide for its kind does. */
export async function enrollDevice(
  emulator: Emulator,
  kind: EnrollmentKind,
  registrationId: string,
  overrides: Overrides = {},
): Promise<EnrolledDevice> {
  const central = kind.startsWith('central');
  const { device, root } = kind.endsWith('group')
    ? await enrollGroup(emulator, central, registrationId, overrides)
    : { device: await enrollIndividual(emulator, central, registrationId, overrides), root: undefined };
  const hub = central ? emulator.central.hub : emulator.hubs[0];
  if (!hub) throw new Error('The emulator has no hub.');
  return {
    kind,
    registrationId,
    device,
    root,
    hub,
    options: {
      enrollment: kind,
      idScope: central ? emulator.central.idScope : emulator.idScope,
      globalEndpoint: emulator.globalEndpoint,
      ca: emulator.ca,
      cert: device.fullChain,
      key: device.privateKey,
      timeoutMs: 20_000,
    },
  };
}

async function enrollIndividual(
  emulator: Emulator,
  central: boolean,
  commonName: string,
  { validity }: Overrides,
): Promise<IssuedCertificate> {
  const device = await createSelfSignedCertificate({ commonName, subject, ...(validity && { validity }) });
  const { certificate } = device;
  if (central) {
    emulator.central.devices.create({ deviceId: commonName });
    emulator.central.devices.attest(commonName, {
      primaryCertificate: certificate,
      secondaryCertificate: certificate,
    });
  } else {
    emulator.dps.individualEnrollments.create({
      registrationId: commonName,
      primaryCertificate: certificate,
    });
  }
  return device;
}

async function enrollGroup(
  emulator: Emulator,
  central: boolean,
  commonName: string,
  { validity, unverified = false }: Overrides,
): Promise<{ device: IssuedCertificate; root: IssuedCertificate }> {
  const name = `${commonName}-ca`;
  const root = await createRootCertificate({ commonName: `${commonName} root`, subject });
  const issuer = await createIntermediateCertificate({
    commonName: `${commonName} line`,
    subject,
    issuer: root,
  });
  const prove = async (verificationCode: string) =>
    (await createVerificationCertificate({ verificationCode, issuer: root })).certificate;
  if (central) {
    const groups = emulator.central.enrollmentGroups;
    groups.create({ name, certificate: root.certificate });
    if (!unverified) groups.verify(name, await prove(groups.generateVerificationCode(name)));
  } else {
    const { certificates, enrollmentGroups } = emulator.dps;
    certificates.upload({ name, certificate: root.certificate });
    if (!unverified) certificates.verify(name, await prove(certificates.generateVerificationCode(name)));
    enrollmentGroups.create({ enrollmentGroupId: name, certificateName: name });
  }
  const device = await createDeviceCertificate({
    commonName,
    subject,
    issuer,
    ...(validity && { validity }),
  });
  return { device, root };
}
