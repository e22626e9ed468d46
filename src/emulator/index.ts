export type {
  CentralDevice,
  CentralDeviceCertificates,
  CentralDeviceInit,
  CentralDevices,
  CentralDeviceStatus,
  CentralEmulator,
  CentralEnrollmentGroup,
  CentralEnrollmentGroupInit,
  CentralEnrollmentGroups,
} from './central/types';
export type {
  AuthorityCertificate,
  AuthorityCertificateInit,
  AuthorityCertificates,
  DpsEmulator,
  EnrollmentAllocation,
  EnrollmentAllocationInit,
  EnrollmentGroup,
  EnrollmentGroupInit,
  EnrollmentGroups,
  EnrollmentGroupUpdate,
  GroupAttestation,
  IndividualEnrollment,
  IndividualEnrollmentInit,
  IndividualEnrollments,
  IndividualEnrollmentUpdate,
  InitialTwin,
  ProvisioningStatus,
  RegistrationRecord,
  Registrations,
  RegistrationStatus,
  RegistrationSubstatus,
  ReprovisionPolicy,
} from './dps/types';
export { EmulatorError } from './errors';
export type {
  CloudToDeviceMessage,
  CloudToDeviceOutcome,
  DeviceAuthentication,
  DeviceIdentity,
  DeviceInit,
  DeviceStatus,
  DeviceTwin,
  EnqueuedMessage,
  HubDevices,
  HubEmulator,
  HubEvents,
  MethodCall,
  MethodResponse,
  SystemProperties,
  TelemetryMessage,
} from './hub/types';
export type { JsonObject, JsonValue } from './json';
export type { DisconnectReason } from './mqtt/service';
export { startEmulator } from './start';
export type { DpsThrottling, Emulator, EmulatorOptions, HubOptions } from './types';
export type { UnverifiedBehavior } from './unverified-behavior';
