import type { CommandUnknownOpts } from '@commander-js/extra-typings';
import { action } from '../arguments/options';
import { centralRow } from './central-devices';
import type { Context } from './context';

/** The command `central change`. */
export function centralChange(parent: CommandUnknownOpts, context: Context): void {
  parent
    .command('change')
    .description('Approves, blocks, unblocks or deletes a device.')
    .addArgument(action(['approve', 'block', 'unblock', 'delete']))
    .argument('<DEVICE>', 'Device ID.')
    .action(
      context.inEmulator(({ emulator }, change, deviceId) => {
        const { devices } = emulator.central;
        if (change === 'delete') devices.delete(deviceId);
        const device = change === 'delete' ? undefined : devices[change](deviceId);
        context.output.result(
          device === undefined ? { deviceId, action: change } : centralRow(device),
          `IoT Central device ${deviceId}: ${device?.status ?? 'deleted'}.`,
        );
      }),
    );
}
