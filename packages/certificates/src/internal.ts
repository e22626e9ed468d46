/* eslint-disable @typescript-eslint/no-require-imports --
   `require` loads late in CommonJS, bundlers and Jest alike. */

/**
 * The entry point for the sibling packages `azure-iot-x509` and `azure-iot-emulator`. It is not covered by semantic
 * versioning. It loads what a device needs, and neither the maker nor the PKCS#12 reader.
 */
import type * as Describe from './checking/describe';
import type * as Server from './making/server';
import type * as CertificateFile from './reading/certificate-file';

export type { CertificateDescription } from './checking/describe';
export {
  checkCredentials,
  inspectCredentials,
  validateCredentialsOptions,
  type KeyMaterial,
} from './checking/inspect';
export { ENROLLMENT_KINDS, ENROLLMENTS } from './enrollment';
export { CredentialsError, DeviceError, FileError, InvalidOptionsError } from './errors';
export { checkTargets, ensureDirectory, writeFiles, type FileContent } from './files';
export { isObject, OptionProblems } from './options';
export { factsOf, verifies, type CertificateFacts } from './reading/certificate';
export { count, instant, list, nearestName, quote, shellWord } from './text';

/** Makes the certificate of a TLS server. */
export const createServerCertificate: typeof Server.createServerCertificate = (options) =>
  (require('./making/server') as typeof Server).createServerCertificate(options);

/** Describes a certificate for people and for JSON. */
export const describeCertificate: typeof Describe.describeCertificate = (facts, now) =>
  (require('./checking/describe') as typeof Describe).describeCertificate(facts, now);

/** Reads every certificate of a PEM, DER or PKCS#12 file. */
export const readCertificateFile: typeof CertificateFile.readCertificateFile = (path, passphrase) =>
  (require('./reading/certificate-file') as typeof CertificateFile).readCertificateFile(path, passphrase);
