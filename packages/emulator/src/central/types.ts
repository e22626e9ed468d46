import type { HubEmulator } from '../hub/types';

/**
 * The status of a device in IoT Central: `Registered` when it was created and has never registered, `Provisioned` after
 * its first registration, `Unassigned` when it is provisioned and has no device template though the application has
 * some, `Unapproved` when it came by a group while automatic approval is off ("Waiting for approval"), `Blocked` when
 * an operator blocked it.
 */
export type CentralDeviceStatus = 'Registered' | 'Provisioned' | 'Unassigned' | 'Unapproved' | 'Blocked';

/** A device of the application. */
export interface CentralDevice {
  readonly deviceId: string;
  readonly displayName: string;
  readonly status: CentralDeviceStatus;
  /** True if the device has an individual enrollment. Enrollment groups then do not apply to it. */
  readonly hasIndividualEnrollment: boolean;
  /** Model ID of the device's template. Absent when it has none. */
  readonly template?: string;
}

/** The parameters of {@link CentralDevices.create}. */
export interface CentralDeviceInit {
  /** Letters, digits and `-`; must be the certificate's common name. */
  deviceId: string;
  /** Default: the device ID. */
  displayName?: string;
  /** Model ID of a device template. Default: the one whose model the device announces. */
  template?: string;
}

/** The certificates of one device. IoT Central requires both; they may be the same. */
export interface CentralDeviceCertificates {
  /** PEM, common name = device ID. */
  primaryCertificate: string;
  /** PEM, common name = device ID. */
  secondaryCertificate: string;
}

/** The devices of the application. */
export interface CentralDevices {
  /** @throws EmulatorError 400004 for a malformed ID, 404000 when there is no such template, 409001 when it exists. */
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
  /**
   * Closes the device's connection. The device can neither connect nor register any more. @throws EmulatorError 404001
   */
  block(deviceId: string): CentralDevice;
  /** @throws EmulatorError 404001 */
  unblock(deviceId: string): CentralDevice;
  /** Approves a device that is `Unapproved`. It is admitted at its next registration. @throws EmulatorError 404001 */
  approve(deviceId: string): CentralDevice;
  /**
   * Gives the device a template, in place of the one it has ("Migrate"). A model that the device announces later does
   * not change the template anymore. @throws EmulatorError 404001, 404000 when there is no such template.
   */
  assignTemplate(deviceId: string, modelId: string): CentralDevice;
}

/** A device template: a kind of device. */
export interface CentralDeviceTemplate {
  /**
   * The model ID that devices announce, in DPS as `payload.modelId` or at the hub: a DTMI such as
   * `dtmi:contoso:Pump;1`.
   */
  readonly modelId: string;
  readonly displayName: string;
}

/** The parameters of {@link CentralDeviceTemplates.create}. */
export interface CentralDeviceTemplateInit {
  /** A DTMI. */
  modelId: string;
  /** Default: the model ID. */
  displayName?: string;
}

/**
 * The device templates of the application. A device gets its template when it announces the model: as it registers, or
 * as it connects to the hub. Without any template, an application accepts every device without one.
 */
export interface CentralDeviceTemplates {
  /** Existing devices keep their templates. @throws EmulatorError 400004 for a malformed ID, 409001 */
  create(init: CentralDeviceTemplateInit): CentralDeviceTemplate;
  get(modelId: string): CentralDeviceTemplate | undefined;
  list(): readonly CentralDeviceTemplate[];
  /** @throws EmulatorError 404000, or 409001 while a device has the template. */
  delete(modelId: string): void;
}

/** An enrollment group of the application. Its devices are created when they register. */
export interface CentralEnrollmentGroup {
  readonly name: string;
  /** PEM. */
  readonly certificate: string;
  readonly isVerified: boolean;
  /** True if devices may register by the group. */
  readonly isEnabled: boolean;
}

/** The parameters of {@link CentralEnrollmentGroups.create}. */
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
  /** Proof of possession. @throws EmulatorError 404204, or 400004 with the problem of the certificate. */
  verify(name: string, verificationCertificate: string): CentralEnrollmentGroup;
  get(name: string): CentralEnrollmentGroup | undefined;
  list(): readonly CentralEnrollmentGroup[];
  /**
   * Disables the group. No device can register by it anymore; provisioned devices can connect. @throws EmulatorError
   * 404204
   */
  disable(name: string): CentralEnrollmentGroup;
  /** @throws EmulatorError 404204 */
  enable(name: string): CentralEnrollmentGroup;
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
  readonly deviceTemplates: CentralDeviceTemplates;
  /** True if devices of a group are approved without an operator. Default true. */
  isAutoApprovalOn: boolean;
  /**
   * The outcome of a device's very first registration: it is `assigned` (default), or `fails-once` with 400207 "Custom
   * allocation failed with status code: 404", as sometimes in IoT Central, and succeeds when it is repeated.
   */
  firstRegistration: 'assigned' | 'fails-once';
}
