import { createIntermediateCertificate } from 'azure-iot-certificates';
import { defineCommand } from '../command';
import { EXIT } from '../exit-codes';
import { required, text, wholeNumber, withDefault } from '../flags';
import { certificateFlags, daysFlag, fileFlags, issuerFlags, validityOption } from './flags';
import { readIssuer } from './issuer';
import { fileName, make, report, SIGNING_KEY, write } from './made';
import { newPassphrase } from './new-passphrase';
import { ownSubject } from './subject';

/** The command `cert intermediate`. */
export const certIntermediate = defineCommand({
  name: 'cert intermediate',
  summary: 'Makes an intermediate CA, signed by a root or by another intermediate',
  description: [
    'An intermediate signs devices, so that the key of the root can stay locked away. Devices send its certificate after their own; "cert device" writes both into one file.',
    'Writes NAME.crt, NAME.key (mode 0600) and, below another intermediate, NAME-chain.crt. Without --subject it has the fields of its CA.',
  ],
  flags: {
    cn: required(text('name', 'Common name (CN), as people shall see it, e.g. "Contoso Line 1".')),
    ...issuerFlags,
    pathLength: withDefault(
      wholeNumber('How many further intermediates may stand between it and a device.', 0),
      '0',
    ),
    ...certificateFlags,
    ...daysFlag(1825, " or until the CA's end"),
    name: text('name', 'Name of the files, without extension; without it made of the CN.'),
    ...fileFlags,
  },
  examples: [
    {
      does: 'Make certificates/contoso-line-1.crt and .key',
      line: 'azure-iot-x509 cert intermediate --cn "Contoso Line 1" --ca certificates/root.crt --ca-key certificates/root.key',
    },
  ],
  run: async (invocation) => {
    const { values, io } = invocation;
    const { cn, algorithm, pathLength, name = fileName(cn) } = values;
    const issuer = await readIssuer(values, invocation);
    const subject = ownSubject(values.subject, issuer.x509);
    const passphrase = await newPassphrase(values, io);
    const certificate = await make(invocation, () =>
      createIntermediateCertificate({
        ...{ commonName: cn, subject, issuer, pathLength, keyAlgorithm: algorithm },
        ...validityOption(values),
      }),
    );
    const written = await write(certificate, { ...values, name, passphrase });
    const { certFile, chainFile, keyFile, deviceCertFile } = written;
    const chain = chainFile === undefined ? [] : [chainFile];
    report(invocation, {
      certificate,
      files: { certificate: certFile, ...(chainFile !== undefined && { chain: chainFile }), key: keyFile },
      listed: [
        { path: certFile, purpose: 'certificate' },
        ...chain.map((path) => ({
          path,
          purpose: 'certificate and the intermediates above it, for --ca',
        })),
        { path: keyFile, purpose: SIGNING_KEY },
      ],
      next: [
        { say: 'Make a certificate for each device:' },
        {
          run: [
            ...['azure-iot-x509', 'cert', 'device', '--cn', 'pump-1'],
            ...['--ca', deviceCertFile, '--ca-key', keyFile],
          ],
        },
        {
          say: 'Nothing is to be uploaded if the root is enrolled; devices send this certificate with theirs.',
        },
      ],
    });
    return EXIT.ok;
  },
});
