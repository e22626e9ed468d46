import type { X509Certificate } from 'node:crypto';
import {
  checkCredentials,
  type CredentialsReport,
  type Finding,
  InvalidOptionsError,
  type Severity,
} from 'azure-iot-certificates';
import { count, factsOf, list } from 'azure-iot-certificates/internal';
import { describeCertificate, validityText } from '../cert/describe';
import type { Invocation } from '../command';
import { proxyOption } from '../device/proxy';
import { credentialsOptions } from '../device/resolve';
import { optionProblems } from '../device/validate';
import { EXIT } from '../exit-codes';
import { textInFlagTerms } from '../flag-terms';
import { printable } from '../output/printable';
import type { Style } from '../output/style';
import type { flags } from './command';

const MARKS: Readonly<Record<Severity, readonly [mark: string, color: keyof Style]>> = {
  error: ['✖', 'red'],
  warning: ['!', 'yellow'],
  info: ['i', 'cyan'],
};
const SEVERITIES = Object.keys(MARKS) as readonly Severity[];
/** The marks and what follows them. */
const MARGIN = '  ';

/** The command `check`. */
export async function run(invocation: Invocation<typeof flags>): Promise<number> {
  const { io, output } = invocation;
  const options = await credentialsOptions(invocation);
  const problems = optionProblems({ ...options, ...proxyOption(invocation.values) });
  if (problems.length > 0) throw new InvalidOptionsError(problems);
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
}

function about(
  { chain }: CredentialsReport,
  description: ReturnType<typeof describeCertificate>,
  now: Date,
): string[] {
  const { subject, notAfter, thumbprint, key } = description;
  const sent = chain.length === 0 ? '' : `, sent with ${count(chain.length, 'intermediate')}`;
  return [
    `Certificate ${subject}, ${key}, valid until ${notAfter} (${validityText(description, now)})${sent}`,
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
