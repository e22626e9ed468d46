import { defineCommand, type Invocation } from '../../command';
import { EXIT } from '../../exit-codes';
import { flagTable } from '../../flags/spec';
import { controlFlags, controlOf, targetFlags } from '../flags';
import { objectOf } from '../inputs';

const flags = flagTable({
  ...controlFlags,
  ...targetFlags,
  module: { type: 'string', valueName: 'ID', description: 'The twin of a module of the device.' },
  desired: { type: 'json', description: 'Merged into the desired properties; null deletes a property.' },
  tags: { type: 'json', description: 'Merged into the tags, which the device does not see.' },
});

async function run({ values, operands, io, output }: Invocation<typeof flags>): Promise<number> {
  const [deviceId = ''] = operands;
  const { hub, module: moduleId, desired, tags } = values;
  const twin = await controlOf(values, io).call('twin', {
    deviceId,
    ...(desired !== undefined && { desired: objectOf(desired, '--desired') }),
    ...(tags !== undefined && { tags: objectOf(tags, '--tags') }),
    ...(hub !== undefined && { hub }),
    ...(moduleId !== undefined && { moduleId }),
  });
  // A document is what both people and programs want here.
  output.result({ json: twin, text: () => JSON.stringify(twin, undefined, 2).split('\n') });
  return EXIT.ok;
}

/** The command `emulator twin`. */
export const emulatorTwin = defineCommand({
  name: 'emulator twin',
  summary: 'Shows or changes the twin of a device of a running emulator',
  description: ['Without --desired and --tags, prints the twin as it is; with them, changes it first.'],
  operands: [{ name: 'DEVICE', required: true, description: 'Device ID.' }],
  flags,
  examples: [
    { does: 'Show it', line: 'azure-iot-x509 emulator twin pump-1' },
    {
      does: 'Change a desired property',
      line: `azure-iot-x509 emulator twin pump-1 --desired '{"interval":5}'`,
    },
  ],
  load: () => ({ run }),
});
