import { Option, type CommandUnknownOpts } from '@commander-js/extra-typings';
import type { Emulator } from '../../index';
import { withoutJson } from '../arguments/options';
import type { Status } from '../next-steps/device-line';
import { exportLines, guide, unsetLines } from '../next-steps/guide';
import { CommandError } from '../terminal/failure';
import type { Context } from './context';

/** The addresses of the emulator. */
export function statusOf(emulator: Emulator): Status {
  const { globalEndpoint, idScope, ca, hubs, centralApplications } = emulator;
  return {
    ...{ globalEndpoint, idScope, ca },
    hubs: hubs.map(({ name, hostName }) => ({ name, hostName })),
    central: centralApplications.map((central) => ({
      idScope: central.idScope,
      hostName: central.hub.hostName,
    })),
    processId: process.pid,
  };
}

/** The command `status`. */
export function status(parent: CommandUnknownOpts, context: Context): void {
  const show = context.inEmulator(({ emulator }, { env }: { env?: 'hub' | 'central' | undefined }) => {
    const { output, place } = context;
    const found = statusOf(emulator);
    if (env === undefined)
      output.result({ ...found, caFile: place.caFile }, (style) => guide(found, place, style));
    else output.raw(exportLines(found, env === 'hub' ? found.idScope : centralIdScope(found), place));
  });
  parent
    .command('status')
    .description('Shows where devices find the running emulator.')
    .addOption(
      new Option(
        '--env <SERVICE>',
        'Prints the settings of devices of DPS (hub) or IoT Central as lines for a shell: eval "$(azure-iot-emulator status --env hub)".',
      ).choices(['hub', 'central']),
    )
    .option(
      '--unset',
      'Prints the lines that remove the settings of --env from a shell: eval "$(azure-iot-emulator status --unset)". The emulator need not run.',
    )
    .hook('preAction', withoutJson('--env', 'env'))
    .hook('preAction', withoutJson('--unset', 'unset'))
    .action(async ({ env, unset }) => {
      if (unset === true) context.output.raw(unsetLines());
      else await show({ env });
    });
}

function centralIdScope({ central: [application] }: Status): string {
  if (application !== undefined) return application.idScope;
  throw new CommandError({
    code: 'NO_CENTRAL_APPLICATION',
    message: 'This emulator runs without an IoT Central application.',
    remedy: 'Start one that has it, or use --env hub.',
  });
}
