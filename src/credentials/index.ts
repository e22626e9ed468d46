export { checkCredentials, inspectCredentials } from './inspect';
export { KeyMaterial } from './material';
export { validateCredentialsOptions } from './options';
export type { CredentialsReport, Finding, Severity } from './report';
