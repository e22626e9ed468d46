import { join } from 'node:path';
import { defineCommand, type Invocation } from '../../command';
import { EXIT } from '../../exit-codes';
import { controlFlags, controlOf, DEFAULT_STATE } from '../flags';
import { guide } from '../guide';

async function status({ values, io, output }: Invocation<typeof controlFlags>): Promise<number> {
  const state = await controlOf(values, io).call('status', {});
  output.result({
    json: state,
    text: (style) =>
      guide(
        state,
        { stateFlag: stateFlagOf(values.state), caFile: join(values.state, 'emulator-ca.pem') },
        style,
      ),
  });
  return EXIT.ok;
}

/** What has to be written for commands to find this emulator. */
export function stateFlagOf(state: string): string {
  return state === DEFAULT_STATE ? '' : ` --state ${state}`;
}

/** The command `emulator status`. */
export const emulatorStatus = defineCommand({
  name: 'emulator status',
  summary: 'Shows where devices find a running emulator',
  description: ['Prints what the emulator printed when it was started: endpoint, ID scope, CA file, hubs.'],
  flags: controlFlags,
  examples: [{ does: 'Show it', line: 'azure-iot-x509 emulator status' }],
  load: () => ({ run: status }),
});

async function stop({ values, io, output }: Invocation<typeof controlFlags>): Promise<number> {
  await controlOf(values, io).call('stop', {});
  output.result({ json: { stopped: true }, text: () => [`The emulator of ${values.state} stops.`] });
  return EXIT.ok;
}

/** The command `emulator stop`. */
export const emulatorStop = defineCommand({
  name: 'emulator stop',
  summary: 'Stops a running emulator',
  description: ['Its state stays in its directory; the next start goes on from there.'],
  flags: controlFlags,
  examples: [{ does: 'Stop it', line: 'azure-iot-x509 emulator stop' }],
  load: () => ({ run: stop }),
});
