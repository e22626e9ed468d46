import {
  createDeviceCertificate,
  createSelfSignedCertificate,
  type WrittenCertificate,
} from 'azure-iot-certificates';
import { defineCommand } from '../command';
import { EXIT } from '../exit-codes';
import { required, text, toggle } from '../flags';
import { UsageError } from '../usage-error';
import { certificateFlags, daysFlag, fileFlags, optionalIssuerFlags, validityOption } from './flags';
import { readIssuer } from './issuer';
import { fileName, make, report, write, type NextStep } from './made';
import { newPassphrase } from './new-passphrase';
import { ownSubject } from './subject';

/** The command `cert device`. */
export const certDevice = defineCommand({
  name: 'cert device',
  summary: 'Makes the certificate and key of a device: signed by a CA, or without --ca self-signed',
  description: [
    'With --ca and --ca-key the certificate is for an enrollment group that holds this CA or one above it. Without, it is signed by its own key, for an individual enrollment that holds this very certificate.',
    'The common name (CN) is the registration ID and must be in lower case: DPS does not tell upper from lower case, IoT Hub does.',
    'Writes NAME.crt, NAME.key (mode 0600) and, below an intermediate, NAME-chain.crt: the certificate, then the intermediates, nearest first, without the root. A device presents this file.',
  ],
  flags: {
    cn: required(text('id', 'Common name (CN): the registration ID of the device, e.g. pump-1.')),
    keepCase: toggle('Allows upper case in --cn, for devices that have such an ID.'),
    ...optionalIssuerFlags,
    ...certificateFlags,
    ...daysFlag(365, " or until the CA's end"),
    name: text('name', 'Name of the files, without extension; without it the CN.'),
    ...fileFlags,
  },
  examples: [
    {
      does: 'A device of an enrollment group',
      line: 'azure-iot-x509 cert device --cn pump-2 --ca certificates/root.crt --ca-key certificates/root.key',
    },
    {
      does: 'A device with an individual enrollment',
      line: 'azure-iot-x509 cert device --cn pump-1 --subject O=Contoso',
    },
  ],
  run: async (invocation) => {
    const { values, io, output } = invocation;
    const { cn, keepCase, algorithm } = values;
    if (!keepCase && cn !== cn.toLowerCase()) throw upperCase(cn);
    const issuer = await readIssuer(values, invocation);
    const subject = ownSubject(values.subject, issuer?.x509);
    const passphrase = await newPassphrase(values, io);
    const options = { commonName: cn, subject, keyAlgorithm: algorithm, ...validityOption(values) };
    const certificate = await make(invocation, () =>
      issuer === undefined
        ? createSelfSignedCertificate(options)
        : createDeviceCertificate({ ...options, issuer }),
    );
    if (/[._:]/.test(cn))
      output.note(`IoT Central takes only letters, digits and "-" in device IDs; ${cn} is for DPS.`);
    // A colon, which registration IDs may have, cannot be in a file name on Windows.
    const { name = cn.includes(':') ? fileName(cn) : cn } = values;
    const files = await write(certificate, { ...values, name, passphrase });
    const { certFile, chainFile, keyFile, deviceCertFile } = files;
    const chain = chainFile === undefined ? [] : [chainFile];
    report(invocation, {
      certificate,
      files: {
        certificate: certFile,
        ...(chainFile !== undefined && { chain: chainFile }),
        key: keyFile,
        deviceCertificate: deviceCertFile,
      },
      listed: [
        {
          path: certFile,
          purpose: chainFile === undefined ? 'certificate, for the device' : 'certificate alone',
        },
        ...chain.map((path) => ({ path, purpose: 'certificate and intermediates, for the device' })),
        { path: keyFile, purpose: "the device's private key; keep it secret" },
      ],
      next: nextSteps(issuer !== undefined, files),
    });
    return EXIT.ok;
  },
});

function upperCase(cn: string): UsageError {
  return new UsageError(
    `--cn ${JSON.stringify(cn)} has upper-case letters: DPS does not tell them from lower-case ones, IoT Hub does. Write ${cn.toLowerCase()}, or add --keep-case if the device has that ID already.`,
  );
}

function nextSteps(isIssued: boolean, { certFile, deviceCertFile, keyFile }: WrittenCertificate): NextStep[] {
  const kind = isIssued ? 'hub-group' : 'hub-individual';
  const central = isIssued ? 'central-group' : 'central-individual';
  const credentials = ['--enrollment', kind, '--cert', deviceCertFile, '--key', keyFile];
  const upload = `Upload ${certFile} as the primary certificate: Azure portal > your Device Provisioning Service > Manage enrollments > Individual enrollments > Add; or IoT Central > Devices > the device > Connect > Individual enrollment (as primary and secondary).`;
  return [
    ...(isIssued ? [] : [{ say: upload }]),
    { say: `Check certificate and key (for IoT Central with --enrollment ${central}):` },
    { run: ['azure-iot-x509', 'check', ...credentials] },
    { say: 'Connect the device, with the ID scope from the portal:' },
    { run: ['azure-iot-x509', 'connect', '--id-scope', 'SCOPE', ...credentials] },
  ];
}
