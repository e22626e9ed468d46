import { parse } from 'node:path';
import type { CommandUnknownOpts } from '@commander-js/extra-typings';
import { readCertificate } from '../arguments/certificate';
import { printCode, verified, withoutJson } from '../arguments/options';
import { path, text } from '../arguments/parsers';
import type { Place } from '../next-steps/place';
import { reportAdded } from './authorities';
import type { Context } from './context';

/** The next steps when an authority is verified. */
export function groupLines({ command }: Place, name: string): readonly string[] {
  return ['Make a group for it:', `  ${command('group', 'GROUP', '--ca', name)}`];
}

/** The command `ca add`. */
export function caAdd(parent: CommandUnknownOpts, context: Context): void {
  parent
    .command('add')
    .description('Uploads a certificate authority, and generates the verification code.')
    .argument('<CERTIFICATE>', 'Certificate of a root or an intermediate.', path(context.io.cwd))
    .option('--name <NAME>', 'Name of the certificate. Default: that of the file.', text)
    .addOption(verified())
    .addOption(printCode())
    .hook('preAction', withoutJson('--print-code', 'printCode'))
    .action(
      context.inEmulator(async ({ emulator }, file, options) => {
        const { name = parse(file).name, printCode: isCodeAlone = false } = options;
        const certificate = await readCertificate(file, 'CERTIFICATE');
        const { certificates: store } = emulator.dps;
        const { isVerified } = store.upload({ name, certificate, isVerified: options.verified === true });
        await reportAdded(context, {
          ...{ name, file, isVerified, store, isCodeAlone },
          verifyWith: ['ca', 'verify'],
          next: groupLines(context.place, name),
        });
      }),
    );
}
