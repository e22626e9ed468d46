export { checkCredentials } from './checking/check-credentials';
export type { EnrollmentKind } from './enrollment';
export {
  CredentialsError,
  DeviceError,
  FileError,
  InvalidOptionsError,
  type DeviceErrorCode,
  type DeviceErrorInit,
  type OptionProblem,
  type ServiceName,
} from './errors';
export {
  createDeviceCertificate,
  createIntermediateCertificate,
  createRootCertificate,
  createSelfSignedCertificate,
  createVerificationCertificate,
  type DeviceCertificateOptions,
  type IntermediateCertificateOptions,
  type RootCertificateOptions,
  type SelfSignedCertificateOptions,
  type VerificationCertificateOptions,
} from './making/create';

export type { IssuedCertificate } from './making/issued-certificate';
export type { KeyAlgorithm } from './making/keys';
export { loadCertificate, type LoadCertificateOptions } from './making/load';

export type { CertificateOptions, IssuerOption, SubjectFields, ValidityOptions } from './making/options';
export { writeCertificate, type WriteCertificateOptions, type WrittenCertificate } from './making/write';
export type { CertificateSource, ChainSource, CredentialsOptions, KeySource } from './options';
export type { CredentialsReport, Finding, Severity } from './report';
