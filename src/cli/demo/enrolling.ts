import { createVerificationCertificate, type IssuedCertificate } from 'azure-iot-certificates';
import type { Emulator } from 'azure-iot-emulator';
import { expectThat } from './observation';

/** What is enrolled, and for whom. */
interface Enrolling {
  readonly emulator: Emulator;
  readonly registrationId: string;
  /** The device's certificate, or the certificate authority above it. */
  readonly enrolled: IssuedCertificate;
}

/** Does what a person does in the portal, and tells it in words. */
export type Enroller = (enrolling: Enrolling) => Promise<string>;

/** What both portals ask for to verify a certificate authority. */
interface Verification {
  generateVerificationCode(name: string): string;
  verify(name: string, verificationCertificate: string): unknown;
}

/** Proof of possession: a certificate with the service's code as CN can be signed only by who has the CA's key. */
async function prove(portal: Verification, name: string, authority: IssuedCertificate): Promise<string> {
  const verificationCode = portal.generateVerificationCode(name);
  const proof = await createVerificationCertificate({ verificationCode, issuer: authority });
  portal.verify(name, proof.certificate);
  return `proved to own its key (verification code ${verificationCode.slice(0, 8)}…)`;
}

/** Azure portal > Device Provisioning Service > Manage enrollments > Individual enrollments. */
export const enrollDpsIndividual: Enroller = ({ emulator, registrationId, enrolled }) => {
  const { individualEnrollments } = emulator.dps;
  individualEnrollments.create({ registrationId, primaryCertificate: enrolled.certificate });
  const enrollment = individualEnrollments.get(registrationId);
  expectThat(enrollment?.provisioningStatus === 'enabled', 'an individual enrollment that is enabled');
  return Promise.resolve(
    `created the individual enrollment "${registrationId}" in DPS with a copy of the certificate; it is enabled`,
  );
};

/** Azure portal > Device Provisioning Service > Certificates, then Manage enrollments > Enrollment groups. */
export const enrollDpsGroup: Enroller = async ({ emulator, registrationId, enrolled }) => {
  const { certificates, enrollmentGroups } = emulator.dps;
  const name = `${registrationId}-ca`;
  const enrollmentGroupId = `${registrationId}-group`;
  certificates.upload({ name, certificate: enrolled.certificate });
  const proof = await prove(certificates, name, enrolled);
  enrollmentGroups.create({ enrollmentGroupId, certificateName: name });
  expectThat(certificates.get(name)?.isVerified === true, 'a verified CA certificate');
  const group = enrollmentGroups.get(enrollmentGroupId);
  expectThat(group?.provisioningStatus === 'enabled', 'an enrollment group that is enabled');
  return `uploaded the root CA to DPS, ${proof}; created the enrollment group "${enrollmentGroupId}"`;
};

/** IoT Central > Devices > New, then Connect > Individual enrollment > Certificates (X.509). */
export const enrollCentralIndividual: Enroller = ({ emulator, registrationId: deviceId, enrolled }) => {
  const { devices } = emulator.central;
  devices.create({ deviceId });
  devices.attest(deviceId, {
    primaryCertificate: enrolled.certificate,
    secondaryCertificate: enrolled.certificate,
  });
  const device = devices.get(deviceId);
  expectThat(device?.hasIndividualEnrollment === true, 'an IoT Central device with certificates of its own');
  return Promise.resolve(
    `created the device "${deviceId}" in IoT Central (status: ${device.status}) with a copy of the certificate`,
  );
};

/** IoT Central > Permissions > Device connection groups. */
export const enrollCentralGroup: Enroller = async ({ emulator, registrationId, enrolled }) => {
  const { enrollmentGroups } = emulator.central;
  const name = `${registrationId}-group`;
  enrollmentGroups.create({ name, certificate: enrolled.certificate });
  const proof = await prove(enrollmentGroups, name, enrolled);
  expectThat(enrollmentGroups.get(name)?.isVerified === true, 'a verified enrollment group');
  return `created the enrollment group "${name}" in IoT Central with the root CA, ${proof}`;
};
