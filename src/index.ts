export { connectDevice } from './connect';
export { provisionDevice } from './provision';
export { checkCredentials } from './check-credentials';
export { connectionOptionsFromEnv, type EnvironmentOptions } from './environment';

export { fileAssignmentStore } from './assignments/file';
export { memoryAssignmentStore } from './assignments/memory';

export type { AssignmentKey, AssignmentStore } from './assignments/store';
export type { DeviceConnection, DeviceConnectionEvents } from './connection/device-connection';
export type { ConnectionState } from './connection/state';
export type { CredentialsReport, Finding, Severity } from './credentials';
export type { EnrollmentKind } from './enrollment';
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
} from './options';
export type { Registration } from './registration';
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
