import type { CommandUnknownOpts } from '@commander-js/extra-typings';
import { action, hubOfDevice } from '../arguments/options';
import type { Context } from './context';
import { hubOf } from './hubs';

/** The command `device`. */
export function device(parent: CommandUnknownOpts, context: Context): void {
  parent
    .command('device')
    .description(
      'Acts on a device at its hub: disconnect drops the connection, disable refuses the next one too, delete removes twin and messages as well.',
    )
    .addArgument(action(['enable', 'disable', 'disconnect', 'delete']))
    .argument('<DEVICE>', 'Device ID.')
    .addOption(hubOfDevice())
    .action(
      context.inEmulator(({ emulator }, change, deviceId, options) => {
        const hub = hubOf(emulator, deviceId, options.hub);
        if (change === 'disconnect') hub.disconnectDevice(deviceId);
        else hub.devices[change](deviceId);
        const done = change === 'disconnect' ? 'disconnected' : `${change}d`;
        context.output.result({ deviceId, action: change }, `Device ${deviceId}: ${done}.`);
      }),
    );
}
