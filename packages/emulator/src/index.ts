export { createEmulatorAgent, type EmulatorAgentOptions } from './devices/https/agent';
export type {
  AuthorityCertificate,
  AuthorityCertificateInit,
  AuthorityCertificates,
} from './authorities/types';
export type {
  CentralDevice,
  CentralDeviceCertificates,
  CentralDeviceInit,
  CentralDevices,
  CentralDeviceStatus,
  CentralDeviceTemplate,
  CentralDeviceTemplateInit,
  CentralDeviceTemplates,
  CentralEmulator,
  CentralEnrollmentGroup,
  CentralEnrollmentGroupInit,
  CentralEnrollmentGroups,
} from './central/types';
export type {
  AllocationPolicyName,
  BuiltInAllocationPolicy,
  CustomAllocation,
  CustomAllocationDefinition,
  CustomAllocationRequest,
  CustomAllocationResponse,
  DeviceRuntimeContext,
  EnrollmentAllocation,
  EnrollmentAllocationInit,
  ReprovisionPolicy,
} from './dps/types/allocation';
export type {
  DeviceCapabilities,
  DpsEmulator,
  EnrollmentGroup,
  EnrollmentGroupInit,
  EnrollmentGroups,
  EnrollmentGroupUpdate,
  EnrollmentTerms,
  EnrollmentTermsInit,
  EnrollmentTermsUpdate,
  GroupAttestation,
  IndividualEnrollment,
  IndividualEnrollmentInit,
  IndividualEnrollments,
  IndividualEnrollmentUpdate,
  ProvisioningStatus,
  RegistrationRecord,
  Registrations,
  RegistrationStatus,
  RegistrationSubstatus,
} from './dps/types/dps';
export { EmulatorError } from './protocol/errors';
export type * from './faults/action-types';
export type { Fault, FaultActions, FaultAt, FaultHit, FaultInit, Faults, FaultStep } from './faults/types';
export type {
  Acknowledgement,
  AuthorityAuthentication,
  CloudToDeviceFeedback,
  CloudToDeviceMessage,
  CloudToDeviceOutcome,
  CloudToDeviceSettings,
  DeviceAuthentication,
  DeviceIdentity,
  DeviceInit,
  DeviceStatus,
  DeviceUpdate,
  EnqueuedMessage,
  EventSource,
  HubDevices,
  HubEmulator,
  HubEvents,
  HubModules,
  HubTarget,
  IdentityProperties,
  ModuleIdentity,
  ModuleInit,
  ModuleUpdate,
  SystemProperties,
  TelemetryMessage,
  ThumbprintAuthentication,
} from './hub/types';
export type { FileUploadNotification, FileUploads, UploadedFile } from './hub/files/types';
export type { IfMatch } from './protocol/etag';
export type { JsonObject, JsonValue } from './protocol/json';
export { startEmulator } from './start';
export type { TelemetryFile, TelemetryFilter } from './hub/telemetry/types';
export type { Emulator } from './emulator';
export type { DpsThrottling, EmulatorOptions, FileUploadOptions, HubOptions } from './options/types';
export type { UnverifiedBehavior } from './options/unverified-behavior';
export type { DisconnectReason } from './devices/mqtt/client';
export type { InitialTwin } from './hub/linked-hub';
export type { MethodCall, MethodResponse } from './hub/methods/types';
export type { DeviceTwin, TwinChange } from './hub/twins/types';
