import { defineCommand, type Invocation } from '../../command';
import { CommandError } from '../../command-error';
import { quoted } from '../../completion/quoted';
import { EXIT } from '../../exit-codes';
import { flagTable } from '../../flags/spec';
import { UsageError } from '../../usage-error';
import type { Status } from '../control/operations';
import { controlFlags, controlOf } from '../flags';
import { guide } from '../guide';
import { placeOf } from '../place';

const statusFlags = flagTable({
  ...controlFlags,
  env: {
    type: 'enum',
    values: ['hub', 'central'],
    description:
      'Prints the settings of devices of DPS (hub) or IoT Central as lines for a shell: eval "$(azure-iot-x509 emulator status --env hub)".',
  },
});

async function status({ values, io, output }: Invocation<typeof statusFlags>): Promise<number> {
  const { env, json } = values;
  if (env !== undefined && json) throw new UsageError('Give either --env or --json.');
  const state = await controlOf(values, io).call('status', {});
  const place = placeOf(values, io);
  const { caFile } = place;
  if (env !== undefined) output.raw(exportLines(variablesOf(state, env, caFile)));
  else output.result({ json: { ...state, caFile }, text: (style) => guide(state, place, style) });
  return EXIT.ok;
}

/** The environment variables of devices, besides those that say which device it is. */
function variablesOf(state: Status, service: 'hub' | 'central', caFile: string): Record<string, string> {
  const { idScope } = service === 'hub' ? state : (state.central[0] ?? {});
  if (idScope === undefined) {
    throw new CommandError({
      code: 'NO_CENTRAL_APPLICATION',
      message: 'This emulator runs without an IoT Central application.',
      remedy: 'Start one that has it, or use --env hub.',
    });
  }
  return {
    PROVISIONING_HOST: state.globalEndpoint,
    PROVISIONING_IDSCOPE: idScope,
    CA_FILE: caFile,
    // For the official Node.js SDK.
    NODE_EXTRA_CA_CERTS: caFile,
  };
}

/** Lines of a POSIX shell that set variables. */
function exportLines(variables: Readonly<Record<string, string>>): string {
  return Object.entries(variables)
    .map(([name, value]) => `export ${name}=${quoted(value)}\n`)
    .join('');
}

/** The command `emulator status`. */
export const emulatorStatus = defineCommand({
  name: 'emulator status',
  summary: 'Shows where devices find a running emulator',
  description: ['Prints what the emulator printed when it was started: endpoint, ID scope, CA file, hubs.'],
  flags: statusFlags,
  examples: [
    { does: 'Show it', line: 'azure-iot-x509 emulator status' },
    {
      does: 'Have "provision" and "connect" of this shell use it',
      line: 'eval "$(azure-iot-x509 emulator status --env hub)"',
    },
  ],
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
