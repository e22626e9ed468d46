import { checkCredentials, type Finding as CredentialsFinding } from 'azure-iot-certificates';
import { count, instant } from 'azure-iot-certificates/internal';
import { prepareDevice } from '../../../provisioning/device';
import { extraRoots } from '../../../network/secure-context';
import { textInFlagTerms } from '../../flag-terms';
import type { Step } from '../step';

/** Certificate, chain and key, as far as they can be judged without a network. */
export const credentials: Step = {
  name: 'credentials',
  title: 'credentials',
  doing: 'checking certificate and key',
  needs: [],
  run: async (examination) => {
    const { options } = examination;
    examination.roots = await extraRoots(options);
    const report = await checkCredentials(options);
    // Throws what the report says when that is an error. The proxy is a step of its own.
    const device = await prepareDevice({ ...options, proxy: false });
    examination.device = device;
    const { certificate, chain } = device.material;
    const warnings = report.findings.filter(({ severity }) => severity === 'warning');
    const facts = [
      certificate.subject.replaceAll('\n', ', '),
      `valid until ${instant(new Date(certificate.validTo))}`,
      ...(chain.length === 0 ? [] : [`sent with ${count(chain.length, 'intermediate')}`]),
    ];
    return {
      status: warnings.length === 0 ? 'ok' : 'warning',
      summary: `${facts.join(', ')}: fit for ${options.enrollment}`,
      details: warnings.map(({ message }) => textInFlagTerms(message)),
      ...remedyOf(warnings),
      data: {
        registrationId: device.registrationId,
        thumbprint: certificate.fingerprint256.replaceAll(':', ''),
        notAfter: new Date(certificate.validTo),
        warnings: warnings.map(({ rule }) => rule),
      },
    };
  },
};

function remedyOf(warnings: readonly CredentialsFinding[]): { remedy?: string } {
  return warnings.length === 0
    ? {}
    : { remedy: warnings.map(({ remedy }) => textInFlagTerms(remedy)).join(' ') };
}
