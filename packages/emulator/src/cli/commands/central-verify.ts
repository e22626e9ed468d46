import type { CommandUnknownOpts } from '@commander-js/extra-typings';
import { readCertificate } from '../arguments/certificate';
import { path } from '../arguments/parsers';
import { connectLines } from './central-group';
import type { Context } from './context';

/** The command `central verify`. */
export function centralVerify(parent: CommandUnknownOpts, context: Context): void {
  parent
    .command('verify')
    .description('Verifies the certificate authority of a group by proof of possession.')
    .argument('<NAME>', 'Name of the group.')
    .argument(
      '<CERTIFICATE>',
      'Certificate with the verification code as common name, signed by the authority.',
      path(context.io.cwd),
    )
    .action(
      context.inEmulator(async ({ emulator }, name, file) => {
        emulator.central.enrollmentGroups.verify(name, await readCertificate(file, 'CERTIFICATE'));
        context.output.result({ name }, () => [`${name} is verified.`, ...connectLines(emulator, context)]);
      }),
    );
}
