import { InvalidOptionsError } from '../errors';
import type { CredentialsOptions } from '../options';
import type { CredentialsReport } from '../report';
import type * as Inspect from './inspect';

/**
 * Checks whether certificate and key can work with this kind of enrollment, without touching the network: reads them,
 * repairs what is harmless, and applies every rule that `connectDevice` of azure-iot-x509 applies.
 *
 * @throws {@link InvalidOptionsError} when options are missing, contradict each other or name an unknown rule. Bad
 * certificates and unreadable files never throw: they are findings of the report.
 *
 * @example
 * ```ts
 * const report = await checkCredentials({ enrollment: 'hub-group', certFile: 'device.crt', keyFile: 'device.key' });
 * for (const { severity, message, remedy } of report.findings) console.log(`${severity}: ${message}\n  ${remedy}`);
 * ```
 */
export async function checkCredentials(options: CredentialsOptions): Promise<CredentialsReport> {
  // Programs import the package without checking anything. The readers and the rules are loaded by the first call.
  // eslint-disable-next-line @typescript-eslint/no-require-imports -- loads late in CommonJS, bundlers and Jest alike
  const { inspectCredentials, validateCredentialsOptions } = require('./inspect') as typeof Inspect;
  const problems = validateCredentialsOptions(options);
  if (problems.length > 0) throw new InvalidOptionsError(problems);
  const { report } = await inspectCredentials(options);
  return report;
}
