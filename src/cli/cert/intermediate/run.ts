import { createIntermediateCertificate } from 'azure-iot-certificates';
import type { Invocation } from '../../command';
import { EXIT } from '../../exit-codes';
import { readIssuer } from '../issuer';
import { fileName, make, report, write } from '../made';
import { newPassphrase } from '../new-passphrase';
import { ownSubject } from '../own-subject';
import type { flags } from './command';

/** The command `cert intermediate`. */
export async function run(invocation: Invocation<typeof flags>): Promise<number> {
  const { values, io } = invocation;
  const { cn, days, algorithm, pathLength, out, name, force } = values;
  const issuer = await readIssuer(values, invocation);
  const subject = ownSubject(values.subject, issuer.x509);
  const passphrase = await newPassphrase(values, io);
  const certificate = await make(invocation, () =>
    createIntermediateCertificate({
      commonName: cn,
      subject,
      issuer,
      pathLength,
      keyAlgorithm: algorithm,
      ...(days !== undefined && { validity: { days } }),
    }),
  );
  const { certFile, chainFile, keyFile, deviceCertFile } = await write(certificate, {
    directory: out,
    name: name ?? fileName(cn),
    passphrase,
    overwrite: force,
  });
  report(invocation, {
    certificate,
    files: { certificate: certFile, ...(chainFile !== undefined && { chain: chainFile }), key: keyFile },
    listed: [
      { path: certFile, purpose: 'certificate' },
      ...(chainFile === undefined
        ? []
        : [{ path: chainFile, purpose: 'certificate and the intermediates above it, for --ca' }]),
      { path: keyFile, purpose: 'private key: signs certificates; keep it secret and away from devices' },
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
}
