import { Argument, type CommandUnknownOpts } from '@commander-js/extra-typings';
import type { Context } from './context';

/** The command `central auto-approve`. */
export function centralAutoApprove(parent: CommandUnknownOpts, context: Context): void {
  parent
    .command('auto-approve')
    .description('Lets devices of groups in by themselves, or has them wait for approval.')
    .addArgument(new Argument('<STATE>', 'Whether approval is automatic.').choices(['on', 'off']))
    .action(
      context.inEmulator(({ emulator }, state) => {
        const isOn = state === 'on';
        emulator.central.isAutoApprovalOn = isOn;
        const line = isOn
          ? 'Devices of groups are let in by themselves.'
          : 'Devices of groups wait for approval.';
        context.output.result({ isOn }, line);
      }),
    );
}
