/* eslint-disable @typescript-eslint/no-require-imports --
   `require` loads late in CommonJS, bundlers and Jest alike. */

/**
 * The entry point for the sibling packages `azure-iot-x509` and `azure-iot-emulator`. It is not covered by semantic
 * versioning. Readers, rules and the maker are loaded by the first call.
 */
import type * as Describe from './checking/describe';
import type * as Inspect from './checking/inspect';
import type * as Server from './making/server';
import type * as Certificate from './reading/certificate';
import type * as CertificateFile from './reading/certificate-file';

export type { CertificateDescription } from './checking/describe';
export { checkCredentials } from './checking/check-credentials';
export type { KeyMaterial } from './checking/inspect';
export { ENROLLMENT_KINDS, ENROLLMENTS } from './enrollment';
export { CredentialsError, DeviceError, FileError, InvalidOptionsError } from './errors';
export {
  checkTargets,
  ensureDirectory,
  nameOfTemporary,
  temporaryPathFor,
  writeFiles,
  type FileContent,
} from './files';
export { isObject, OptionProblems } from './options';
export type { CertificateFacts } from './reading/certificate';
export { count, instant, list, nearestName, quote, shellWord, visible } from './text';

/** Makes the certificate of a TLS server. */
export const createServerCertificate: typeof Server.createServerCertificate = (options) =>
  (require('./making/server') as typeof Server).createServerCertificate(options);

/** Describes a certificate for people and for JSON. */
export const describeCertificate: typeof Describe.describeCertificate = (facts, now) =>
  (require('./checking/describe') as typeof Describe).describeCertificate(facts, now);

/** Reads every certificate of a PEM, DER or PKCS#12 file. */
export const readCertificateFile: typeof CertificateFile.readCertificateFile = (path, passphrase) =>
  (require('./reading/certificate-file') as typeof CertificateFile).readCertificateFile(path, passphrase);

/** Reads certificate, chain and key and applies every rule. */
export const inspectCredentials: typeof Inspect.inspectCredentials = (options, now) =>
  (require('./checking/inspect') as typeof Inspect).inspectCredentials(options, now);

/** The problems of the options that types cannot exclude. */
export const validateCredentialsOptions: typeof Inspect.validateCredentialsOptions = (options) =>
  (require('./checking/inspect') as typeof Inspect).validateCredentialsOptions(options);

/** The facts of a certificate that node:crypto does not tell. */
export const factsOf: typeof Certificate.factsOf = (x509) =>
  (require('./reading/certificate') as typeof Certificate).factsOf(x509);

/** Tells whether a certificate is signed with the private key of a public key. */
export const verifies: typeof Certificate.verifies = (x509, publicKey) =>
  (require('./reading/certificate') as typeof Certificate).verifies(x509, publicKey);
