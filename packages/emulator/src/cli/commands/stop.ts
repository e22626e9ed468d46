import type { CommandUnknownOpts } from '@commander-js/extra-typings';
import type { Context } from './context';

/** The command `stop`. */
export function stop(parent: CommandUnknownOpts, context: Context): void {
  parent
    .command('stop')
    .description('Stops the running emulator. The next start goes on from its state.')
    .action(
      context.inEmulator((running) => {
        context.output.result({ stopped: true }, `The emulator of ${context.flags.state} stops.`);
        running.stop();
      }),
    );
}
