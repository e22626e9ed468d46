import { X509Certificate } from 'node:crypto';
import type { CommandUnknownOpts } from '@commander-js/extra-typings';
import { EmulatorError } from '../../index';
import { readCertificate } from '../arguments/certificate';
import { defined } from '../arguments/defined';
import { enrolledHubs, initialTwin } from '../arguments/options';
import { path, text } from '../arguments/parsers';
import { connectLine, credentialFlags } from '../next-steps/device-line';
import type { Context } from './context';
import { statusOf } from './status';

function commonName(certificate: string): string {
  const { subject } = new X509Certificate(certificate);
  const name = /^CN=(.+)$/m.exec(subject)?.[1];
  if (name !== undefined) return name;
  throw new EmulatorError(400004, 'CERTIFICATE has no common name (CN): give --registration-id.');
}

/** The command `enroll`. */
export function enroll(parent: CommandUnknownOpts, context: Context): void {
  const { io, output } = context;
  parent
    .command('enroll')
    .description('Makes an individual enrollment: the device that presents this very certificate is let in.')
    .argument('<CERTIFICATE>', "The device's certificate (never its key).", path(io.cwd))
    .addOption(enrolledHubs())
    .addOption(initialTwin(io.cwd))
    .option('--disabled', 'Lets nobody in until it is enabled.')
    .option('--registration-id <ID>', "Registration ID. Default: the certificate's common name.", text)
    .option('--device-id <ID>', 'Device ID. Default: the registration ID.', text)
    .option('--secondary <FILE>', 'Certificate that is accepted as well, e.g. a renewed one.', path(io.cwd))
    .action(
      context.inEmulator(async ({ emulator }, file, options) => {
        const { secondary, registrationId: id, deviceId, hub: iotHubs, disabled } = options;
        const primaryCertificate = await readCertificate(file, 'CERTIFICATE');
        const secondaryCertificate = secondary && (await readCertificate(secondary, '--secondary'));
        const enrollment = emulator.dps.individualEnrollments.create({
          primaryCertificate,
          registrationId: id ?? commonName(primaryCertificate),
          provisioningStatus: disabled === true ? 'disabled' : 'enabled',
          ...defined({ secondaryCertificate, deviceId, iotHubs, initialTwin: options.initialTwin }),
        });
        const { place } = context;
        const { registrationId, provisioningStatus: status } = enrollment;
        const credentials = [
          ...(await credentialFlags(file)),
          ...(id === undefined ? [] : ['--registration-id', id]),
        ];
        output.result({ registrationId, deviceId: enrollment.deviceId, status }, () => [
          `Individual enrollment ${registrationId}: ${status}, device ID ${enrollment.deviceId}.`,
          ...(disabled === true
            ? [
                'It lets in nobody until it is enabled:',
                `  ${place.command('enrollment', 'enable', registrationId)}`,
              ]
            : ['Connect the device:', connectLine('hub-individual', statusOf(emulator), place, credentials)]),
        ]);
      }),
    );
}
