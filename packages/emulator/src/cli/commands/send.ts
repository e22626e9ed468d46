import type { CommandUnknownOpts } from '@commander-js/extra-typings';
import { hubOfDevice } from '../arguments/options';
import { each, property } from '../arguments/parsers';
import { EXIT } from '../terminal/failure';
import type { Context } from './context';
import { hubOf } from './hubs';

/** The command `send`. */
export function send(parent: CommandUnknownOpts, context: Context): void {
  const { output } = context;
  parent
    .command('send')
    .description('Sends a cloud-to-device message. It waits in the hub while the device is away.')
    .argument('<DEVICE>', 'Device ID.')
    .argument('<TEXT>', 'Body of the message.')
    .addOption(hubOfDevice())
    .option('--property <NAME=VALUE>', 'Application property of the message; repeatable.', each(property))
    .option('--wait', 'Waits for the outcome; the exit code is 1 unless the device acknowledges the message.')
    .action(
      context.inEmulator(async ({ emulator }, deviceId, body, { hub, property: given = [], wait }) => {
        const message = { body, properties: Object.fromEntries(given) };
        const sent = await hubOf(emulator, deviceId, hub).sendCloudToDevice(deviceId, message);
        const { messageId } = sent;
        if (wait !== true) {
          output.result({ messageId }, `Enqueued for ${deviceId}: message ${messageId}.`);
          return;
        }
        output.note(`Waiting for ${deviceId} …`);
        const outcome = await sent.outcome;
        output.result({ messageId, outcome }, `Message ${messageId}: ${outcome}.`);
        if (outcome !== 'Success') context.exitCode = EXIT.failed;
      }),
    );
}
