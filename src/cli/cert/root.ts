import { createRootCertificate } from 'azure-iot-certificates';
import { defineCommand } from '../command';
import { EXIT } from '../exit-codes';
import { required, text, withDefault } from '../flags';
import { certificateFlags, daysFlag, fileFlags, validityOption } from './flags';
import { make, report, SIGNING_KEY, write } from './made';
import { newPassphrase } from './new-passphrase';
import { ownSubject } from './subject';

/** The command `cert root`. */
export const certRoot = defineCommand({
  name: 'cert root',
  summary: 'Makes a root CA: a key and the self-signed certificate that is enrolled for a group of devices',
  description: [
    'The root signs intermediates ("cert intermediate") or devices ("cert device"). Its certificate is uploaded to an enrollment group. The whole group depends on its key: encrypt it, and keep it away from devices.',
    'Writes NAME.crt and NAME.key (mode 0600). Existing files are never replaced without --force.',
  ],
  flags: {
    cn: required(text('name', 'Common name (CN), as people shall see it, e.g. "Contoso Root CA".')),
    ...certificateFlags,
    ...daysFlag(3650),
    name: withDefault(text('name', 'Name of the files, without extension.'), 'root'),
    ...fileFlags,
  },
  examples: [
    {
      does: 'Make certificates/root.crt and certificates/root.key',
      line: 'azure-iot-x509 cert root --cn "Contoso Root CA" --subject "O=Contoso, C=CH"',
    },
    {
      does: 'Encrypt the key; the passphrase is asked for',
      line: 'azure-iot-x509 cert root --cn "Contoso Root CA" --subject O=Contoso --encrypt',
    },
  ],
  run: async (invocation) => {
    const { values, io } = invocation;
    const { cn, algorithm, name } = values;
    const subject = ownSubject(values.subject);
    const passphrase = await newPassphrase(values, io);
    const certificate = await make(invocation, () =>
      createRootCertificate({
        ...{ commonName: cn, subject, keyAlgorithm: algorithm },
        ...validityOption(values),
      }),
    );
    const { certFile, keyFile } = await write(certificate, { ...values, name, passphrase });
    const signedBy = ['--ca', certFile, '--ca-key', keyFile];
    report(invocation, {
      certificate,
      files: { certificate: certFile, key: keyFile },
      listed: [
        { path: certFile, purpose: 'certificate, to be uploaded; it is public' },
        { path: keyFile, purpose: SIGNING_KEY },
      ],
      next: [
        {
          say: `Upload ${certFile}: Azure portal > your Device Provisioning Service > Certificates > Add, or IoT Central > Permissions > Device connection groups > New.`,
        },
        { say: 'Generate a verification code there, and prove with it that the key is yours:' },
        { run: ['azure-iot-x509', 'cert', 'verification', '--code', 'CODE', ...signedBy] },
        { say: 'Make a certificate for each device, or an intermediate first (cert intermediate):' },
        { run: ['azure-iot-x509', 'cert', 'device', '--cn', 'pump-1', ...signedBy] },
      ],
    });
    return EXIT.ok;
  },
});
