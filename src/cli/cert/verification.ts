import { createVerificationCertificate } from 'azure-iot-certificates';
import { defineCommand } from '../command';
import { EXIT } from '../exit-codes';
import { writeNewFile } from '../files';
import { required, text, withDefault } from '../flags';
import { daysFlag, fileFlags, issuerFlags, validityOption } from './flags';
import { readIssuer } from './issuer';
import { inDirectory, make, report } from './made';

/** The command `cert verification`. */
export const certVerification = defineCommand({
  name: 'cert verification',
  summary: 'Proves that the key of a CA is yours: makes the certificate that the portal wants for its code',
  description: [
    'The portal shows a verification code for a CA that was uploaded (Generate verification code). This command makes a certificate with the code as its CN, signed by that CA; upload it where the code was shown.',
    'Writes NAME.crt. Its key is needed for nothing and is not kept.',
  ],
  flags: {
    code: required(text('code', 'The verification code, copied from the portal.')),
    ...issuerFlags,
    ...daysFlag(30, " or until the CA's end"),
    name: withDefault(text('name', 'Name of the file, without extension.'), 'verification'),
    ...fileFlags,
  },
  examples: [
    {
      does: 'Make certificates/verification.crt',
      line: 'azure-iot-x509 cert verification --code 106A5SD242AF512B3498BD6098C4941E66R34H268DDB3288 --ca certificates/root.crt --ca-key certificates/root.key',
    },
  ],
  run: async (invocation) => {
    const { values } = invocation;
    const { out, name, force } = values;
    const path = inDirectory(out, `${name}.crt`);
    const issuer = await readIssuer(values, invocation);
    // A code that is copied from a web page can have white space around it.
    const verificationCode = values.code.trim();
    const certificate = await make(invocation, () =>
      createVerificationCertificate({ verificationCode, issuer, ...validityOption(values) }),
    );
    await writeNewFile({ path, content: certificate.certificate, mode: 0o644, overwrite: force });
    report(invocation, {
      certificate,
      // By its extensions the certificate would be a device certificate.
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
  },
});
