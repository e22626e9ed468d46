import { defineCommand, type Invocation } from '../../command';
import { EXIT } from '../../exit-codes';
import { flagTable } from '../../flags/spec';
import { alignColumns } from '../../output/text';
import { controlFlags, controlOf, targetFlags } from '../flags';

async function list({ values, io, output }: Invocation<typeof controlFlags>): Promise<number> {
  const rows = await controlOf(values, io).call('devices', {});
  output.result({
    json: rows,
    text: ({ bold }) =>
      rows.length === 0
        ? ['There are no devices yet. A device appears at its hub when it has registered.']
        : alignColumns([
            ['DEVICE', 'HUB', 'STATUS', 'CONNECTION', 'WAITING', 'MODEL'].map(bold),
            ...rows.map(({ deviceId, hub, status, connectionState, waitingMessages, modelId }) => [
              deviceId,
              hub,
              status,
              connectionState,
              String(waitingMessages),
              modelId ?? '-',
            ]),
          ]),
  });
  return EXIT.ok;
}

/** The command `emulator devices`. */
export const emulatorDevices = defineCommand({
  name: 'emulator devices',
  summary: 'Lists the devices at the hubs of a running emulator',
  description: [
    'Shows each device with its hub, whether it is connected, and how many messages wait for it.',
  ],
  flags: controlFlags,
  examples: [{ does: 'List them', line: 'azure-iot-x509 emulator devices' }],
  load: () => ({ run: list }),
});

const ACTIONS = ['enable', 'disable', 'disconnect', 'delete'] as const;
const DONE: Readonly<Record<string, string>> = {
  enable: 'enabled',
  disable: 'disabled',
  disconnect: 'disconnected',
  delete: 'deleted',
};

const changeFlags = flagTable({ ...controlFlags, ...targetFlags });

async function change({ values, operands, io, output }: Invocation<typeof changeFlags>): Promise<number> {
  const [action = '', deviceId = ''] = operands;
  const { hub } = values;
  await controlOf(values, io).call('changeDevice', { deviceId, action, ...(hub !== undefined && { hub }) });
  output.result({
    json: { deviceId, action },
    text: () => [`Device ${deviceId}: ${DONE[action] ?? action}.`],
  });
  return EXIT.ok;
}

/** The command `emulator device`. */
export const emulatorDevice = defineCommand({
  name: 'emulator device',
  summary: 'Enables, disables, disconnects or deletes a device at its hub',
  description: [
    'disconnect drops the connection as a failing network does; disable drops it and refuses the next; delete also removes twin and messages, until the device registers again.',
  ],
  operands: [
    {
      name: 'ACTION',
      type: 'enum',
      values: ACTIONS,
      required: true,
      description: 'enable, disable, disconnect or delete.',
    },
    { name: 'DEVICE', required: true, description: 'Device ID.' },
  ],
  flags: changeFlags,
  examples: [
    { does: 'See whether a device comes back', line: 'azure-iot-x509 emulator device disconnect pump-1' },
  ],
  load: () => ({ run: change }),
});
