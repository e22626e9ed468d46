export { checkCredentials, inspectCredentials, type InspectedCredentials } from './inspect';
export { KeyMaterial, type Thumbprint } from './material';
export { validateCredentialsOptions } from './options';
export type { CredentialsReport, Finding, Severity } from './report';
