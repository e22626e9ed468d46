import type { CommandUnknownOpts } from '@commander-js/extra-typings';
import { defined } from '../arguments/defined';
import { text } from '../arguments/parsers';
import type { Context } from './context';

/** The command `central template`. */
export function centralTemplate(parent: CommandUnknownOpts, context: Context): void {
  parent
    .command('template')
    .description('Makes a device template, for devices that announce this model.')
    .argument('<MODEL>', 'Model ID, e.g. dtmi:contoso:Pump;1.')
    .option('--display-name <NAME>', 'Name of the template. Default: the model ID.', text)
    .action(
      context.inEmulator(({ emulator }, modelId, options) => {
        const { displayName } = emulator.central.deviceTemplates.create({ modelId, ...defined(options) });
        context.output.result({ modelId, displayName }, `Device template ${displayName} for ${modelId}.`);
      }),
    );
}
