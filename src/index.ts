export { checkCredentials } from 'azure-iot-certificates';
export type { CredentialsReport, EnrollmentKind, Finding, Severity } from 'azure-iot-certificates';
export { connectDevice } from './connect';
export type { DeviceConnection, DeviceConnectionEvents } from './connection/device-connection';
export {
  methodResponse,
  type MethodCall,
  type MethodHandler,
  type MethodResponse,
} from './connection/method-response';
export type { ConnectionState } from './connection/state';
export {
  ConnectionError,
  CredentialsError,
  DeviceError,
  FileError,
  InvalidOptionsError,
  ProvisioningError,
  TimeoutError,
  type DeviceErrorCode,
  type DeviceErrorInit,
  type OptionProblem,
  type ServiceName,
} from './errors';
export type { AssignmentKey, AssignmentStore } from './options/assignment-store';
export { connectionOptionsFromEnv, type EnvironmentOptions } from './options/environment';
export { readProfile, type ProfileOptions } from './options/profile';
export type { Registration } from './options/registration';
export type {
  AssignmentMemory,
  CertificateSource,
  ChainSource,
  ConnectOptions,
  CredentialsOptions,
  CredentialsUpdate,
  KeySource,
  OfflineQueueOptions,
  ProvisionOptions,
  ReconnectOptions,
  ServerTrust,
  TransportKind,
} from './options/types';
export { provisionDevice } from './provision';
export { fileAssignmentStore } from './provisioning/assignments/file';
export { memoryAssignmentStore } from './provisioning/assignments/memory';
