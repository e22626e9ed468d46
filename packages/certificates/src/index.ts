export { checkCredentials } from './checking/inspect';
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
export { createDeviceCertificate, type DeviceCertificateOptions } from './making/device';
export { createIntermediateCertificate, type IntermediateCertificateOptions } from './making/intermediate';
export type { IssuedCertificate } from './making/issued-certificate';
export type { KeyAlgorithm } from './making/keys';
export { loadCertificate, type LoadCertificateOptions } from './making/load';
export type { CertificateOptions, IssuerOption, SubjectFields } from './making/options';
export { createRootCertificate, type RootCertificateOptions } from './making/root';
export { createSelfSignedCertificate, type SelfSignedCertificateOptions } from './making/self-signed';
export type { ValidityOptions } from './making/validity';
export { createVerificationCertificate, type VerificationCertificateOptions } from './making/verification';
export { writeCertificate, type WriteCertificateOptions, type WrittenCertificate } from './making/write';
export type { CertificateSource, ChainSource, CredentialsOptions, KeySource } from './options';
export type { CredentialsReport, Finding, Severity } from './report';
