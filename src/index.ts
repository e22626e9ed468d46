export type { CredentialsReport, EnrollmentKind, Finding, Severity } from 'azure-iot-certificates';
export type { DeviceErrorCode, DeviceErrorInit, OptionProblem, ServiceName } from 'azure-iot-certificates';
export {
  checkCredentials,
  CredentialsError,
  DeviceError,
  FileError,
  InvalidOptionsError,
} from 'azure-iot-certificates/internal';
export type {
  Client,
  DeviceMethodRequest,
  DeviceMethodResponse,
  Twin,
  TwinProperties,
} from 'azure-iot-device';
export { connectDevice } from './connect';
export type {
  CloseOptions,
  DeviceConnection,
  DeviceConnectionEvents,
  MessageQueue,
} from './connection/device-connection';
export {
  methodResponse,
  type MethodCall,
  type MethodHandler,
  type MethodResponse,
} from './options/method-handler';
export type { ConnectionState, NextAttempt } from './connection/state';
export { ConnectionError, ProvisioningError, TimeoutError } from './errors/errors';
export { Message } from './hub/sdk-message';
export type { AssignmentKey, AssignmentStore } from './options/assignment-store';
export { connectionOptionsFromEnv, type EnvironmentOptions } from './options/environment';
export { readProfile, type Profile, type ProfileOptions } from './options/profile';
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
export { fileAssignmentStore, memoryAssignmentStore } from './provisioning/assignments/stores';
