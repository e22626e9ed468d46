import { createVerificationCertificate } from 'azure-iot-certificates';
import type { Invocation } from '../../command';
import { EXIT } from '../../exit-codes';
import { writeNewFile } from '../../files';
import { readIssuer } from '../issuer';
import { inDirectory, make, report } from '../made';
import type { flags } from './command';

/** The command `cert verification`. */
export async function run(invocation: Invocation<typeof flags>): Promise<number> {
  const { values } = invocation;
  const { days, out, name, force } = values;
  const path = inDirectory(out, `${name}.crt`);
  const issuer = await readIssuer(values, invocation);
  const certificate = await make(invocation, () =>
    createVerificationCertificate({
      // Copied from a web page, with what surrounds it.
      verificationCode: values.code.trim(),
      issuer,
      ...(days !== undefined && { validity: { days } }),
    }),
  );
  await writeNewFile({ path, content: certificate.certificate, mode: 0o644, overwrite: force });
  report(invocation, {
    certificate,
    // It looks like one of a device, which it must not be taken for.
    kind: 'verification certificate',
    files: { certificate: path },
    listed: [{ path, purpose: 'certificate with the verification code, to be uploaded' }],
    next: [
      {
        say: `Upload ${path} where the code was shown, and choose Verify. It is not needed afterwards.`,
      },
    ],
  });
  return EXIT.ok;
}
