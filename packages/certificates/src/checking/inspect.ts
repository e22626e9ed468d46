import { InvalidOptionsError } from '../errors';
import type { CredentialsOptions } from '../options';
import { arrangeCertificates } from '../reading/chain';
import { KeyMaterial } from '../reading/key-material';
import { validateCredentialsOptions } from './validate-options';
import { readCredentials } from '../reading/credentials';
import type { CredentialsReport } from '../report';
import { RULES } from './rules';
import { applyRules } from './rules/apply';

/** The report, and what can be presented to Azure when certificate and key could be read. */
export interface InspectedCredentials {
  readonly report: CredentialsReport;
  /** There even if the report has errors: whoever uses it looks at `report.ok` first. */
  readonly material: KeyMaterial | undefined;
}

/**
 * Reads certificate, chain and key and checks them, without touching the network. Whatever is wrong with them is a
 * finding; the options are taken as valid.
 */
export async function inspectCredentials(
  options: CredentialsOptions,
  now: Date = new Date(),
): Promise<InspectedCredentials> {
  const reading = await readCredentials(options);
  const { key, given, fromLeafOption, certificateOrigin, keyOrigin, keyMode, complete } = reading;
  const certificates = arrangeCertificates(given, fromLeafOption, key);
  const { enrollment, registrationId } = options;
  const checked = applyRules(
    RULES,
    { enrollment, now, registrationId, certificates, complete, certificateOrigin, key, keyOrigin, keyMode },
    new Set(options.skipChecks),
  );
  const findings = [...reading.findings, ...checked];
  const certificate = certificates?.leaf.x509;
  const chain = certificates?.chain.map(({ x509 }) => x509) ?? [];
  const commonName = certificates?.leaf.commonNames[0];
  return {
    report: {
      ok: findings.every(({ severity }) => severity !== 'error'),
      registrationId: registrationId ?? (commonName === '' ? undefined : commonName),
      certificate,
      chain,
      findings,
    },
    material:
      certificate === undefined || key === undefined ? undefined : new KeyMaterial(certificate, chain, key),
  };
}

/**
 * Tells whether certificate and key can work with this kind of enrollment, without touching the network: reads them,
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
  const problems = validateCredentialsOptions(options);
  if (problems.length > 0) throw new InvalidOptionsError(problems);
  const { report } = await inspectCredentials(options);
  return report;
}
