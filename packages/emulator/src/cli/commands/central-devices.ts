import type { CommandUnknownOpts } from '@commander-js/extra-typings';
import type { CentralDevice } from '../../index';
import { table } from '../terminal/output';
import type { Context } from './context';

/** A device of IoT Central as `--json` shows it. */
export function centralRow({ deviceId, displayName, status, template }: CentralDevice) {
  return { deviceId, displayName, status, template };
}

/** The command `central devices`. */
export function centralDevices(parent: CommandUnknownOpts, context: Context): void {
  parent
    .command('devices')
    .description('Lists the devices with their statuses and templates.')
    .action(
      context.inEmulator(({ emulator }) => {
        const devices = emulator.central.devices.list().map(centralRow);
        context.output.result(
          devices,
          devices.length === 0
            ? `There are no devices yet. Make one: ${context.place.command('central', 'device', 'DEVICE')}`
            : table(
                ['DEVICE', 'STATUS', 'TEMPLATE'],
                devices.map(({ deviceId, status, template }) => [deviceId, status, template]),
              ),
        );
      }),
    );
}
