import type { CommandUnknownOpts } from '@commander-js/extra-typings';
import { readCertificate } from '../arguments/certificate';
import { path } from '../arguments/parsers';
import { groupLines } from './ca-add';
import type { Context } from './context';

/** The command `ca verify`. */
export function caVerify(parent: CommandUnknownOpts, context: Context): void {
  parent
    .command('verify')
    .description('Verifies a certificate authority by proof of possession.')
    .argument('<NAME>', 'Name of the certificate authority.')
    .argument(
      '<CERTIFICATE>',
      'Certificate with the verification code as common name, signed by the authority.',
      path(context.io.cwd),
    )
    .action(
      context.inEmulator(async ({ emulator }, name, file) => {
        emulator.dps.certificates.verify(name, await readCertificate(file, 'CERTIFICATE'));
        context.output.result({ name }, () => [`${name} is verified.`, ...groupLines(context.place, name)]);
      }),
    );
}
