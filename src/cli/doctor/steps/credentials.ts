import { checkCredentials, CredentialsError } from 'azure-iot-certificates';
import { count, instant } from 'azure-iot-certificates/internal';
import { extraRoots } from '../../../network/secure-context';
import { textInFlagTerms } from '../../flag-terms';
import type { Step } from '../step';

/** The checks of certificate, chain and key that need no network. */
export const credentials: Step = {
  name: 'credentials',
  title: 'credentials',
  needs: [],
  run: async (examination) => {
    const { options } = examination;
    examination.roots = await extraRoots(options);
    const report = await checkCredentials(options);
    const { ok, registrationId, certificate, chain, findings } = report;
    if (!ok || registrationId === undefined || certificate === undefined) throw new CredentialsError(report);
    examination.registrationId = registrationId;
    const warnings = findings.filter(({ severity }) => severity === 'warning');
    const facts = [
      certificate.subject.replaceAll('\n', ', '),
      `valid until ${instant(new Date(certificate.validTo))}`,
      ...(chain.length === 0 ? [] : [`sent with ${count(chain.length, 'intermediate')}`]),
    ];
    return {
      status: warnings.length === 0 ? 'ok' : 'warning',
      summary: `${facts.join(', ')}: fit for ${options.enrollment}`,
      details: warnings.map(({ message }) => textInFlagTerms(message)),
      ...(warnings.length > 0 && {
        remedy: warnings.map(({ remedy }) => textInFlagTerms(remedy)).join(' '),
      }),
      data: {
        registrationId,
        thumbprint: certificate.fingerprint256.replaceAll(':', ''),
        notAfter: new Date(certificate.validTo),
        warnings: warnings.map(({ rule }) => rule),
      },
    };
  },
};
