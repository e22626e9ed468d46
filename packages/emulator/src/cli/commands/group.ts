import type { CommandUnknownOpts } from '@commander-js/extra-typings';
import { readCertificate } from '../arguments/certificate';
import { defined } from '../arguments/defined';
import { enrolledHubs, initialTwin } from '../arguments/options';
import { path, text } from '../arguments/parsers';
import { ANY_DEVICE, connectLine } from '../next-steps/device-line';
import type { Context } from './context';
import { statusOf } from './status';

/** The command `group`. */
export function group(parent: CommandUnknownOpts, context: Context): void {
  const { io, output } = context;
  parent
    .command('group')
    .description('Makes an enrollment group: every device with a certificate from this authority is let in.')
    .argument('<GROUP>', 'Name of the group.')
    .option('--ca <NAME>', 'Certificate authority that was uploaded with "azure-iot-emulator ca add".', text)
    .option(
      '--certificate <FILE>',
      'Certificate of an intermediate or root that is put right into the group, which does not verify it.',
      path(io.cwd),
    )
    .addOption(enrolledHubs())
    .addOption(initialTwin(io.cwd))
    .option('--disabled', 'Lets nobody in until it is enabled.')
    .hook('preAction', (command) => {
      const { ca, certificate } = command.opts();
      if ((ca === undefined) === (certificate === undefined))
        command.error('error: Give either --ca or --certificate.');
    })
    .action(
      context.inEmulator(async ({ emulator }, enrollmentGroupId, options) => {
        const { ca, certificate, hub: iotHubs, disabled } = options;
        const { provisioningStatus: status } = emulator.dps.enrollmentGroups.create({
          enrollmentGroupId,
          ...(certificate === undefined
            ? { certificateName: ca ?? '' }
            : { signingCertificate: await readCertificate(certificate, '--certificate') }),
          provisioningStatus: disabled === true ? 'disabled' : 'enabled',
          ...defined({ iotHubs, initialTwin: options.initialTwin }),
        });
        const { certificates } = emulator.dps;
        const isVerified =
          ca === undefined
            ? certificates.list().some((authority) => authority.isVerified)
            : certificates.get(ca)?.isVerified === true;
        const { place } = context;
        const next = (): readonly string[] => {
          if (!isVerified) {
            if (ca === undefined) {
              const line = place.command('ca', 'add', 'certificates/root.crt', '--verified');
              return [
                'It lets in nobody yet: no certificate authority is verified. Add the root:',
                `  ${line}`,
              ];
            }
            const line = place.command('ca', 'verify', ca, 'certificates/verification.crt');
            return [`It lets in nobody yet: prove that the key of ${ca} is yours.`, `  ${line}`];
          }
          if (disabled === true) {
            const line = place.command('enrollment', 'enable', enrollmentGroupId, '--group');
            return ['It lets in nobody until it is enabled:', `  ${line}`];
          }
          return [
            'Connect its devices; DEVICE-chain.crt for one below an intermediate:',
            connectLine('hub-group', statusOf(emulator), place, ANY_DEVICE),
          ];
        };
        output.result({ enrollmentGroupId, status, isVerified }, () => [
          `Enrollment group ${enrollmentGroupId}: ${status}.`,
          ...next(),
        ]);
      }),
    );
}
