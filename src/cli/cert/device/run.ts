import {
  createDeviceCertificate,
  createSelfSignedCertificate,
  type IssuedCertificate,
  type WrittenCertificate,
} from 'azure-iot-certificates';
import type { Invocation } from '../../command';
import { EXIT } from '../../exit-codes';
import { UsageError } from '../../usage-error';
import { readIssuer } from '../issuer';
import { fileName, make, report, write, type NextStep } from '../made';
import { newPassphrase } from '../new-passphrase';
import { ownSubject } from '../own-subject';
import type { flags } from './command';

type DeviceInvocation = Invocation<typeof flags>;

/** The command `cert device`. */
export async function run(invocation: DeviceInvocation): Promise<number> {
  const { values, io, output } = invocation;
  const { cn, keepCase, out, name, force } = values;
  if (!keepCase && cn !== cn.toLowerCase()) throw upperCase(cn);
  const issuer = await readIssuer(values, invocation);
  const subject = ownSubject(values.subject, issuer?.x509);
  const passphrase = await newPassphrase(values, io);
  const certificate = await make(invocation, () => create(values, subject, issuer));
  if (/[._:]/.test(cn))
    output.note(`IoT Central takes only letters, digits and "-" in device IDs; ${cn} is for DPS.`);
  const files = await write(certificate, {
    directory: out,
    // A colon, which registration IDs may have, names something else than a file on Windows.
    name: name ?? (cn.includes(':') ? fileName(cn) : cn),
    passphrase,
    overwrite: force,
  });
  const { certFile, chainFile, keyFile, deviceCertFile } = files;
  const isPresented = chainFile === undefined;
  report(invocation, {
    certificate,
    files: {
      certificate: certFile,
      ...(chainFile !== undefined && { chain: chainFile }),
      key: keyFile,
      deviceCertificate: deviceCertFile,
    },
    listed: [
      { path: certFile, purpose: isPresented ? 'certificate, for the device' : 'certificate alone' },
      ...(chainFile === undefined
        ? []
        : [{ path: chainFile, purpose: 'certificate and intermediates, for the device' }]),
      { path: keyFile, purpose: "the device's private key; keep it secret" },
    ],
    next: nextSteps(issuer !== undefined, files),
  });
  return EXIT.ok;
}

async function create(
  { cn, days, algorithm }: DeviceInvocation['values'],
  subject: object,
  issuer: IssuedCertificate | undefined,
): Promise<IssuedCertificate> {
  const options = {
    commonName: cn,
    subject,
    keyAlgorithm: algorithm,
    ...(days !== undefined && { validity: { days } }),
  };
  return issuer === undefined
    ? await createSelfSignedCertificate(options)
    : await createDeviceCertificate({ ...options, issuer });
}

function upperCase(cn: string): UsageError {
  return new UsageError(
    `--cn ${JSON.stringify(cn)} has upper-case letters: DPS does not tell them from lower-case ones, IoT Hub does. Write ${cn.toLowerCase()}, or add --keep-case if the device has that ID already.`,
  );
}

function nextSteps(isIssued: boolean, { certFile, deviceCertFile, keyFile }: WrittenCertificate): NextStep[] {
  const kind = isIssued ? 'hub-group' : 'hub-individual';
  const central = isIssued ? 'central-group' : 'central-individual';
  const credentials = ['--enrollment', kind, '--cert', deviceCertFile, '--key', keyFile];
  return [
    ...(isIssued
      ? []
      : [
          {
            say: `Upload ${certFile} as the primary certificate: Azure portal > your Device Provisioning Service > Manage enrollments > Individual enrollments > Add; or IoT Central > Devices > the device > Connect > Individual enrollment (as primary and secondary).`,
          },
        ]),
    { say: `Check certificate and key (for IoT Central with --enrollment ${central}):` },
    { run: ['azure-iot-x509', 'check', ...credentials] },
    { say: 'Connect the device, with the ID scope from the portal:' },
    { run: ['azure-iot-x509', 'connect', '--id-scope', 'SCOPE', ...credentials] },
  ];
}
