/**
 * What the sibling packages `azure-iot-x509` and `azure-iot-emulator` use besides the public entry point. Nothing here is
 * covered by semantic versioning.
 */
export { checkCredentials, inspectCredentials } from './checking/inspect';
export { describeKey } from './checking/rules/algorithms';
export { BITS, PURPOSES } from './checking/rules/usage';
export { validateCredentialsOptions } from './checking/validate-options';
export { ENROLLMENT_KINDS, ENROLLMENTS } from './enrollment';
export { CredentialsError, DeviceError, FileError, InvalidOptionsError } from './errors';
export { checkTargets, ensureDirectory, writeFiles, type FileContent } from './files';
export { OptionProblems } from './making/problems';
export { createServerCertificate } from './making/server';
export { isObject } from './is-object';
export { nearestName } from './nearest-name';
export { readCertificates } from './reading/certificates';
export { KEY_KINDS } from './reading/classify';
export { childrenOf, readElement, readInteger, Tag } from './reading/der';
export { parseDocument, type Document } from './reading/document';
export { factsOf, verifies, type CertificateFacts } from './reading/facts';
export { KeyMaterial } from './reading/key-material';
export { nameText, type NameAttribute } from './reading/name';
export { openDocument } from './reading/open';
export { originOf } from './reading/origin';
export type { ReadingFinding } from './reading/problem';
export { readSource } from './reading/source';
export { count, instant, list, quote, shellWord } from './text';
