import type { JsonValue } from 'azure-iot-emulator';
import { defineCommand, type Invocation } from '../../command';
import { EXIT } from '../../exit-codes';
import { flagTable } from '../../flags/spec';
import { printable } from '../../output/printable';
import { controlFlags, controlOf, targetFlags } from '../flags';

const flags = flagTable({
  ...controlFlags,
  ...targetFlags,
  module: { type: 'string', valueName: 'ID', description: 'Calls a module of the device.' },
  payload: { type: 'json', description: 'What the method is called with: JSON, or @FILE. Default: null.' },
  timeout: {
    type: 'duration',
    default: 30_000,
    min: 1_000,
    max: 300_000,
    description: 'How long to wait for the answer.',
  },
  connectTimeout: {
    type: 'duration',
    default: 0,
    max: 300_000,
    description: 'How long to wait for a device that is away.',
  },
});

async function run({ values, operands, io, output }: Invocation<typeof flags>): Promise<number> {
  const [deviceId = '', methodName = ''] = operands;
  const { hub, module: moduleId, payload = null, timeout, connectTimeout } = values;
  const answer = await output.during(`Calling ${methodName} of ${deviceId}`, () =>
    controlOf(values, io).call('invoke', {
      deviceId,
      methodName,
      // What JSON.parse answers.
      payload: payload as JsonValue,
      responseTimeoutSeconds: timeout / 1000,
      connectTimeoutSeconds: connectTimeout / 1000,
      ...(hub !== undefined && { hub }),
      ...(moduleId !== undefined && { moduleId }),
    }),
  );
  output.result({
    json: answer,
    text: () => [`${answer.status} ${printable(JSON.stringify(answer.payload))}`],
  });
  return EXIT.ok;
}

/** The command `emulator invoke`. */
export const emulatorInvoke = defineCommand({
  name: 'emulator invoke',
  summary: 'Calls a direct method of a device of a running emulator',
  description: [
    'Prints the status and the payload that the device answers. The exit code is 1 when it does not answer.',
  ],
  operands: [
    { name: 'DEVICE', required: true, description: 'Device ID.' },
    { name: 'METHOD', required: true, description: 'Name of the method.' },
  ],
  flags,
  examples: [
    {
      does: 'Call a method',
      line: `azure-iot-x509 emulator invoke pump-1 openValve --payload '{"percent":40}'`,
    },
  ],
  load: () => ({ run }),
});
