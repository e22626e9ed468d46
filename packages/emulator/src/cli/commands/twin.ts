import type { CommandUnknownOpts } from '@commander-js/extra-typings';
import { defined } from '../arguments/defined';
import { hubOfDevice } from '../arguments/options';
import { jsonObject, text } from '../arguments/parsers';
import type { Context } from './context';
import { hubOf } from './hubs';

/** The command `twin`. */
export function twin(parent: CommandUnknownOpts, context: Context): void {
  const { cwd } = context.io;
  parent
    .command('twin')
    .description('Shows the twin of a device, after the changes that --desired and --tags make.')
    .argument('<DEVICE>', 'Device ID.')
    .addOption(hubOfDevice())
    .option('--module <ID>', 'The twin of a module of the device.', text)
    .option(
      '--desired <JSON>',
      'Merged into the desired properties; null deletes a property.',
      jsonObject(cwd),
    )
    .option('--tags <JSON>', 'Merged into the tags, which the device does not see.', jsonObject(cwd))
    .action(
      context.inEmulator(({ emulator }, deviceId, { hub: name, module: moduleId, desired, tags }) => {
        const hub = hubOf(emulator, deviceId, name);
        const target = { deviceId, ...defined({ moduleId }) };
        const properties = desired && { desired };
        const isChanged = desired !== undefined || tags !== undefined;
        const found = isChanged ? hub.updateTwin(target, defined({ properties, tags })) : hub.getTwin(target);
        // The document is the output for people and for programs.
        context.output.result(found, JSON.stringify(found, undefined, 2));
      }),
    );
}
