import {
  openDocument,
  originOf,
  parseDocument,
  readCertificates,
  readSource,
} from 'azure-iot-certificates/internal';
import { CommandError } from '../terminal/failure';

/**
 * The first certificate of a file (PEM, DER, or PKCS#12 without passphrase), as PEM. In a chain file it is the leaf.
 *
 * @param argument the argument or flag that gives the path
 * @throws CommandError when there is none
 */
export async function readCertificate(path: string, argument: string): Promise<string> {
  const origin = originOf('certFile', path);
  const { bytes, mode, findings } = await readSource(origin, undefined);
  const opened =
    bytes === undefined ? undefined : openDocument(parseDocument(origin, bytes, mode), undefined);
  const { document, finding } = opened ?? { document: undefined, finding: findings[0] };
  const { certificates, findings: others } =
    document === undefined ? { certificates: [], findings: [] } : readCertificates(document);
  const [certificate] = certificates;
  if (certificate !== undefined) return certificate.x509.toString();
  const { message, remedy } = finding ??
    others[0] ?? {
      message: 'It holds no certificate.',
      remedy: 'Give a certificate in PEM or DER form.',
    };
  throw new CommandError({
    code: 'CERTIFICATE_NOT_READABLE',
    message: `${argument} cannot be used. ${message.replace(' (certFile)', '')}`,
    remedy: remedy.replaceAll('certFile', argument),
  });
}
