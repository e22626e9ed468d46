import type { CommandUnknownOpts } from '@commander-js/extra-typings';
import { printable } from 'azure-iot-certificates/internal';
import { defined } from '../arguments/defined';
import { hubOfDevice } from '../arguments/options';
import { json, seconds, text } from '../arguments/parsers';
import type { Context } from './context';
import { hubOf } from './hubs';

/** The longest that a service may wait, in seconds. */
const MAX_SECONDS = 300;

/** The command `invoke`. */
export function invoke(parent: CommandUnknownOpts, context: Context): void {
  const { io, output } = context;
  parent
    .command('invoke')
    .description('Calls a direct method, and prints the status and the payload of the answer.')
    .argument('<DEVICE>', 'Device ID.')
    .argument('<METHOD>', 'Name of the method.')
    .addOption(hubOfDevice())
    .option('--module <ID>', 'Calls a module of the device.', text)
    .option('--payload <JSON>', 'Payload of the call: JSON, or @FILE. Default: null.', json(io.cwd))
    .option(
      '--timeout <DURATION>',
      'Time to wait for the answer. Default: 30s.',
      seconds({ min: 1, max: MAX_SECONDS }),
    )
    .option(
      '--connect-timeout <DURATION>',
      'Time to wait for a device that is away. Default: 0s.',
      seconds({ max: MAX_SECONDS }),
    )
    .action(
      context.inEmulator(async ({ emulator }, deviceId, methodName, options) => {
        const { hub, module: moduleId, payload, timeout, connectTimeout } = options;
        output.note(`Calling ${methodName} of ${deviceId} …`);
        const answer = await hubOf(emulator, deviceId, hub).invokeMethod(
          { deviceId, ...defined({ moduleId }) },
          {
            methodName,
            ...defined({
              payload,
              responseTimeoutSeconds: timeout,
              connectTimeoutSeconds: connectTimeout,
            }),
          },
        );
        output.result(answer, `${answer.status} ${printable(JSON.stringify(answer.payload))}`);
      }),
    );
}
