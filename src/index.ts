export { connectDevice } from './connect';
export { provisionDevice } from './provision';
export { checkCredentials } from './credentials';
export { connectionOptionsFromEnv } from './environment';

export type { DeviceConnection, DeviceConnectionEvents } from './connection/device-connection';
export type { ConnectionState } from './connection/state';
export type { CredentialsReport, Finding, Severity } from './credentials';
export type { EnrollmentKind } from './enrollment';
export type {
  CertificateSource,
  ChainSource,
  ConnectOptions,
  CredentialsOptions,
  KeySource,
  ProvisionOptions,
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
  type OptionProblem,
  type ServiceName,
} from './errors';
