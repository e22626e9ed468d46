import type { CommandUnknownOpts } from '@commander-js/extra-typings';
import { table } from '../terminal/output';
import type { Context } from './context';
import { allHubs } from './hubs';

/** The command `devices`. */
export function devices(parent: CommandUnknownOpts, context: Context): void {
  parent
    .command('devices')
    .description('Lists the devices with their hubs, connections and waiting messages.')
    .action(
      context.inEmulator(({ emulator }) => {
        const rows = allHubs(emulator).flatMap((hub) =>
          hub.devices
            .list()
            .map(({ deviceId, status, connectionState, modelId, cloudToDeviceMessageCount }) => ({
              ...{ deviceId, hub: hub.name, status, connectionState, modelId },
              waitingMessages: cloudToDeviceMessageCount,
            })),
        );
        context.output.result(
          rows,
          rows.length === 0
            ? 'There are no devices yet. A device appears at its hub when it has registered.'
            : table(
                ['DEVICE', 'HUB', 'STATUS', 'CONNECTION', 'WAITING', 'MODEL'],
                rows.map(({ deviceId, hub, status, connectionState, waitingMessages, modelId }) => [
                  ...[deviceId, hub, status, connectionState, String(waitingMessages), modelId],
                ]),
              ),
        );
      }),
    );
}
