import { createRootCertificate } from 'azure-iot-certificates';
import type { Invocation } from '../../command';
import { EXIT } from '../../exit-codes';
import { make, report, write } from '../made';
import { newPassphrase } from '../new-passphrase';
import { ownSubject } from '../own-subject';
import type { flags } from './command';

/** The command `cert root`. */
export async function run(invocation: Invocation<typeof flags>): Promise<number> {
  const { values, io } = invocation;
  const { cn, days, algorithm, out, name, force } = values;
  const subject = ownSubject(values.subject);
  const passphrase = await newPassphrase(values, io);
  const certificate = await make(invocation, () =>
    createRootCertificate({
      commonName: cn,
      subject,
      keyAlgorithm: algorithm,
      ...(days !== undefined && { validity: { days } }),
    }),
  );
  const { certFile, keyFile } = await write(certificate, {
    directory: out,
    name,
    passphrase,
    overwrite: force,
  });
  const signedBy = ['--ca', certFile, '--ca-key', keyFile];
  report(invocation, {
    certificate,
    files: { certificate: certFile, key: keyFile },
    listed: [
      { path: certFile, purpose: 'certificate, to be uploaded; it is public' },
      { path: keyFile, purpose: 'private key: signs certificates; keep it secret and away from devices' },
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
}
