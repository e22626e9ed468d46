import { readCertificateFile } from 'azure-iot-certificates/internal';
import { CommandError } from '../terminal/failure';

/**
 * The first certificate of a file (PEM, DER, or PKCS#12 without passphrase), as PEM. In a chain file it is the leaf.
 *
 * @param argument the argument or flag that gives the path
 * @throws CommandError when there is none
 */
export async function readCertificate(path: string, argument: string): Promise<string> {
  const {
    certificates: [certificate],
    findings: [finding],
  } = await readCertificateFile(path);
  if (certificate !== undefined) return certificate.x509.toString();
  const { message, remedy } = finding ?? {
    message: 'It holds no certificate.',
    remedy: 'Give a certificate in PEM or DER form.',
  };
  throw new CommandError({
    code: 'CERTIFICATE_NOT_READABLE',
    message: `${argument} cannot be used. ${message.replace(' (certFile)', '')}`,
    remedy: remedy.replaceAll('certFile', argument),
  });
}
