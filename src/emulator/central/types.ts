import type { HubEmulator } from '../hub/types';

/**
 * Where a device stands in IoT Central: `Registered` when it was created and has never connected, `Provisioned` after
 * its first registration, `Unapproved` when it came by a group while automatic approval is off, `Blocked` when an
 * operator blocked it.
 */
export type CentralDeviceStatus = 'Registered' | 'Provisioned' | 'Unapproved' | 'Blocked';

/** A device of the application. */
export interface CentralDevice {
  readonly deviceId: string;
  readonly displayName: string;
  readonly status: CentralDeviceStatus;
  /** Whether the device has certificates of its own, which then count alone. */
  readonly hasIndividualEnrollment: boolean;
}

/** What {@link CentralDevices.create} takes. */
export interface CentralDeviceInit {
  /** Letters, digits and `-`; must be the certificate's common name. */
  deviceId: string;
  /** Default: the device ID. */
  displayName?: string;
}

/** The certificates of one device. IoT Central asks for both; for a start they may be the same. */
export interface CentralDeviceCertificates {
  /** PEM, common name = device ID. */
  primaryCertificate: string;
  /** PEM, common name = device ID. */
  secondaryCertificate: string;
}

/** The devices of the application. */
export interface CentralDevices {
  /** @throws EmulatorError 400004 for a malformed ID, 409001 when it exists. */
  create(init: CentralDeviceInit): CentralDevice;
  /**
   * Individual enrollment with X.509 certificates; replaces the ones before.
   *
   * @throws EmulatorError 404001 when the device does not exist, 400004 when a certificate's common name is another.
   */
  attest(deviceId: string, certificates: CentralDeviceCertificates): CentralDevice;
  get(deviceId: string): CentralDevice | undefined;
  list(): readonly CentralDevice[];
  /** Also removes its identity at the hidden hub. @throws EmulatorError 404001 */
  delete(deviceId: string): void;
  /** Drops the device's connection and lets it neither connect nor register. @throws EmulatorError 404001 */
  block(deviceId: string): CentralDevice;
  /** @throws EmulatorError 404001 */
  unblock(deviceId: string): CentralDevice;
  /** Lets in a device that is `Unapproved`, at its next registration. @throws EmulatorError 404001 */
  approve(deviceId: string): CentralDevice;
}

/** An enrollment group of the application: its devices appear by themselves. */
export interface CentralEnrollmentGroup {
  readonly name: string;
  /** PEM. */
  readonly certificate: string;
  readonly isVerified: boolean;
}

/** What {@link CentralEnrollmentGroups.create} takes. */
export interface CentralEnrollmentGroupInit {
  /** 1 to 128 letters, digits or - . _ : */
  name: string;
  /** PEM of a root or an intermediate. */
  certificate: string;
  /** "Set certificate status to verified on upload". Default false. */
  isVerified?: boolean;
}

/** The enrollment groups of the application. */
export interface CentralEnrollmentGroups {
  /** @throws EmulatorError 400004, 409001 */
  create(init: CentralEnrollmentGroupInit): CentralEnrollmentGroup;
  /** @throws EmulatorError 404204 */
  generateVerificationCode(name: string): string;
  /** Proof of possession. @throws EmulatorError 404204, 400004 saying what is wrong with the certificate. */
  verify(name: string, verificationCertificate: string): CentralEnrollmentGroup;
  get(name: string): CentralEnrollmentGroup | undefined;
  list(): readonly CentralEnrollmentGroup[];
  /** @throws EmulatorError 404204 */
  delete(name: string): void;
}

/** An IoT Central application. Devices reach it by the global endpoint, with the application's own ID scope. */
export interface CentralEmulator {
  readonly idScope: string;
  /** The hub behind the application, which IoT Central hides. */
  readonly hub: HubEmulator;
  readonly devices: CentralDevices;
  readonly enrollmentGroups: CentralEnrollmentGroups;
  /** Whether devices that come by a group are let in without an operator. Default true. */
  isAutoApprovalOn: boolean;
}
