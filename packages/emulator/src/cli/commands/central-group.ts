import type { CommandUnknownOpts } from '@commander-js/extra-typings';
import type { Emulator } from '../../index';
import { readCertificate } from '../arguments/certificate';
import { printCode, verified, withoutJson } from '../arguments/options';
import { path } from '../arguments/parsers';
import { ANY_DEVICE, connectLine } from '../next-steps/device-line';
import { reportAdded } from './authorities';
import type { Context } from './context';
import { statusOf } from './status';

/** The next steps when the authority of a group is verified. */
export function connectLines(emulator: Emulator, { place }: Context): readonly string[] {
  return [
    'Connect its devices; DEVICE-chain.crt for one below an intermediate:',
    connectLine('central-group', statusOf(emulator), place, ANY_DEVICE),
  ];
}

/** The command `central group`. */
export function centralGroup(parent: CommandUnknownOpts, context: Context): void {
  parent
    .command('group')
    .description('Makes an enrollment group, and generates the verification code.')
    .argument('<NAME>', 'Name of the group.')
    .argument('<CERTIFICATE>', 'Certificate of a root or an intermediate.', path(context.io.cwd))
    .addOption(verified())
    .addOption(printCode())
    .hook('preAction', withoutJson('--print-code', 'printCode'))
    .action(
      context.inEmulator(async ({ emulator }, name, file, options) => {
        const { printCode: isCodeAlone = false } = options;
        const certificate = await readCertificate(file, 'CERTIFICATE');
        const { enrollmentGroups: store } = emulator.central;
        const { isVerified } = store.create({ name, certificate, isVerified: options.verified === true });
        await reportAdded(context, {
          ...{ name, file, isVerified, store, isCodeAlone },
          verifyWith: ['central', 'verify'],
          next: connectLines(emulator, context),
        });
      }),
    );
}
