import { defineCommand, type Invocation } from '../../command';
import { EXIT } from '../../exit-codes';
import { flagTable } from '../../flags/spec';
import { controlFlags, controlOf, targetFlags } from '../flags';
import { pairsOf } from '../inputs';

const flags = flagTable({
  ...controlFlags,
  ...targetFlags,
  property: {
    type: 'string',
    valueName: 'NAME=VALUE',
    repeatable: true,
    description: 'Application property of the message.',
  },
  wait: {
    type: 'boolean',
    description: 'Waits until the device has acknowledged the message, or it has expired.',
  },
});

async function run({ values, operands, io, output }: Invocation<typeof flags>): Promise<number> {
  const [deviceId = '', body = ''] = operands;
  const { hub, property, wait } = values;
  const sent = await output.during(`Sending to ${deviceId}`, () =>
    controlOf(values, io).call('send', {
      deviceId,
      body,
      properties: pairsOf(property, '--property'),
      isAwaited: wait,
      ...(hub !== undefined && { hub }),
    }),
  );
  const { messageId, outcome } = sent;
  output.result({
    json: sent,
    text: () => [
      outcome === undefined
        ? `Enqueued for ${deviceId}: message ${messageId}.`
        : `Message ${messageId}: ${outcome}.`,
    ],
  });
  return outcome === undefined || outcome === 'Success' ? EXIT.ok : EXIT.failed;
}

/** The command `emulator send`. */
export const emulatorSend = defineCommand({
  name: 'emulator send',
  summary: 'Sends a cloud-to-device message to a device of a running emulator',
  description: [
    'The message waits in the hub while the device is away. With --wait, the exit code is 1 unless the device has acknowledged it.',
  ],
  operands: [
    { name: 'DEVICE', required: true, description: 'Device ID.' },
    { name: 'TEXT', required: true, description: 'Body of the message.' },
  ],
  flags,
  examples: [
    { does: 'Send a message', line: 'azure-iot-x509 emulator send pump-1 "open the valve"' },
    {
      does: 'With a property, and wait',
      line: 'azure-iot-x509 emulator send pump-1 open --property urgency=high --wait',
    },
  ],
  load: () => ({ run }),
});
