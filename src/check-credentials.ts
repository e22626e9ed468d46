import type { CredentialsReport } from './credentials';
import { load } from './load';
import type { CredentialsOptions } from './options';

/**
 * Tells whether certificate and key can work with this kind of enrollment, without touching the network: reads them,
 * repairs what is harmless, and applies every rule that `connectDevice` applies.
 *
 * @throws {@link InvalidOptionsError} when options are missing, contradict each other or name an unknown rule. Bad
 * certificates and unreadable files never throw: they are findings of the report.
 *
 * @example
 * ```ts
 * const report = await checkCredentials({ enrollment: 'hub-group', certFile: 'device.crt', keyFile: 'device-private-key.pem' });
 * for (const { severity, message, remedy } of report.findings) console.log(`${severity}: ${message}\n  ${remedy}`);
 * ```
 */
export function checkCredentials(options: CredentialsOptions): Promise<CredentialsReport> {
  return load.credentials().checkCredentials(options);
}
