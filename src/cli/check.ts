import type { X509Certificate } from 'node:crypto';
import {
  checkCredentials,
  type CredentialsReport,
  type Finding,
  InvalidOptionsError,
  type Severity,
} from 'azure-iot-certificates';
import { count, factsOf, list, printable, quote } from 'azure-iot-certificates/internal';
import { extraRoots } from '../network/secure-context';
import { optionProblems } from '../options/profile';
import { describeCertificate, validityText } from './cert/describe';
import { defineCommand, jsonFlag } from './command';
import { deviceFlags, proxyFlag, proxyOption } from './device/flags';
import { credentialsOptions } from './device/resolve';
import { EXIT } from './exit-codes';
import { textInFlagTerms } from './flag-terms';
import type { Style } from './output/style';

const MARKS: Readonly<Record<Severity, readonly [mark: string, color: keyof Style]>> = {
  error: ['✖', 'red'],
  warning: ['!', 'yellow'],
  info: ['i', 'cyan'],
};
const SEVERITIES = Object.keys(MARKS) as readonly Severity[];
/** As wide as a mark and the space after it. */
const MARGIN = '  ';

/** The command `check`. */
export const check = defineCommand({
  name: 'check',
  summary:
    'Checks certificate, chain, key and settings for a kind of enrollment, without touching the network',
  description: [
    'Applies every rule that connecting applies, and says what to do about each finding. An error keeps the device from connecting, a warning may, an info never does.',
    'It takes the flags of "provision" and "connect", so that the same line can be checked first. The exit code is 1 when there is an error.',
  ],
  flags: { ...deviceFlags, ...proxyFlag, ...jsonFlag },
  examples: [
    {
      does: 'Check what a device of an enrollment group presents',
      line: 'azure-iot-x509 check --enrollment hub-group --cert certificates/pump-2-chain.crt --key certificates/pump-2.key',
    },
    { does: 'Check the settings of a profile', line: 'azure-iot-x509 check --profile device.json' },
  ],
  run: async (invocation) => {
    const { values, io, output } = invocation;
    const options = await credentialsOptions(invocation);
    const problems = optionProblems({ ...options, ...proxyOption(values) });
    if (problems.length > 0) throw new InvalidOptionsError(problems);
    await extraRoots(options);
    const report = await checkCredentials(options);
    const findings = report.findings.map((finding) => ({
      ...finding,
      message: textInFlagTerms(finding.message),
      remedy: textInFlagTerms(finding.remedy),
    }));
    const describe = (x509: X509Certificate) => describeCertificate(factsOf(x509), io.now());
    output.result({
      json: {
        ok: report.ok,
        enrollment: options.enrollment,
        registrationId: report.registrationId,
        findings,
        certificate: report.certificate && describe(report.certificate),
        chain: report.chain.map(describe),
      },
      text: (style) => [
        ...(report.certificate === undefined ? [] : about(report, describe(report.certificate), io.now())),
        ...bySeverity(findings).flatMap((finding) => findingLines(finding, style)),
        conclusion(report, options.enrollment, style),
      ],
    });
    return report.ok ? EXIT.ok : EXIT.failed;
  },
});

function about(
  { chain }: CredentialsReport,
  description: ReturnType<typeof describeCertificate>,
  now: Date,
): string[] {
  const { subject, commonName, notAfter, thumbprint, key } = description;
  const name = commonName === undefined ? subject : quote(commonName);
  const sent = chain.length === 0 ? '' : `, sent with ${count(chain.length, 'intermediate')}`;
  return [
    `Certificate ${name}, ${key}, valid until ${notAfter} (${validityText(description, now)})${sent}`,
    `SHA-256 thumbprint ${thumbprint.sha256}`,
    '',
  ];
}

function bySeverity(findings: readonly Finding[]): readonly Finding[] {
  const rank = ({ severity }: Finding) => SEVERITIES.indexOf(severity);
  return [...findings].sort((one, other) => rank(one) - rank(other));
}

function findingLines({ rule, severity, message, remedy }: Finding, style: Style): string[] {
  const [mark, color] = MARKS[severity];
  return [
    `${style[color](`${mark} ${severity}`)} ${style.dim(rule)}`,
    `${MARGIN}${printable(message)}`,
    `${MARGIN}What to do: ${printable(remedy)}`,
    '',
  ];
}

function conclusion({ ok, registrationId, findings }: CredentialsReport, kind: string, style: Style): string {
  const counts = SEVERITIES.map(
    (severity) => findings.filter((finding) => finding.severity === severity).length,
  );
  const [errors = 0, warnings = 0, infos = 0] = counts;
  const parts = [
    ...(errors > 0 ? [count(errors, 'error')] : []),
    ...(warnings > 0 ? [count(warnings, 'warning')] : []),
    ...(infos > 0 ? [count(infos, 'note')] : []),
  ];
  const found = parts.length === 0 ? 'nothing found' : list(parts);
  const name = registrationId === undefined ? 'the device' : `"${printable(registrationId)}"`;
  return ok
    ? style.green(`${name} is ready for ${kind}: ${found}.`)
    : style.red(`${name} cannot connect as ${kind}: ${found}.`);
}
