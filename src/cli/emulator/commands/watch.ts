import { defineCommand, type Invocation } from '../../command';
import { EXIT } from '../../exit-codes';
import { flagTable } from '../../flags/spec';
import { Interruption } from '../../io';
import { printable } from '../../output/printable';
import type { Style } from '../../output/style';
import { clock } from '../../output/text';
import type { WatchEvent } from '../control/operations';
import { controlOf, stateFlag } from '../flags';

/** As much of a message as a line for people shows. */
const MAX_SHOWN = 500;

const flags = flagTable({
  ...stateFlag,
  telemetry: { type: 'boolean', description: 'Shows telemetry only.' },
  json: { type: 'boolean', description: 'Prints each event as one line of JSON on stdout.' },
});

/** What is text already stays as it is; quotes would look like a part of it. */
function plain(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}

function textOf({ event, time, deviceId, hub, ...details }: WatchEvent, { dim }: Style): string {
  const { body, bodyBase64, properties, patch, reason } = details;
  const shown = {
    telemetry: () => {
      const names = Object.entries(properties ?? {}).map(([name, value]) => `${name}=${String(value)}`);
      const content = bodyBase64 === undefined ? plain(body) : `${plain(bodyBase64)} (Base64)`;
      return [content, ...names].join('  ');
    },
    reported: () => JSON.stringify(patch),
    disconnected: () => plain(reason),
    connected: () => `to ${hub}`,
    feedback: () => '',
    file: () => '',
  }[event]();
  const text = printable(shown);
  const cut = text.length > MAX_SHOWN ? `${text.slice(0, MAX_SHOWN)}…` : text;
  // As "connect" shows it, of which this is the other end.
  return `${dim(clock(new Date(time)))}  ${printable(deviceId)} ${event} ${cut}`;
}

async function run({ values, operands, io, output }: Invocation<typeof flags>): Promise<number> {
  const [deviceId] = operands;
  try {
    const events = await controlOf(values, io).watch();
    output.note(`Watching ${deviceId ?? 'all devices'}. Ctrl-C ends it.`);
    for await (const event of events) {
      const isWanted =
        (deviceId === undefined || event.deviceId === deviceId) &&
        (!values.telemetry || event.event === 'telemetry');
      if (isWanted) output.event({ json: event, text: (style) => [textOf(event, style)] });
    }
  } catch (error) {
    // Ctrl-C is how one stops watching.
    if (io.signal.reason instanceof Interruption) return EXIT.ok;
    throw error;
  }
  output.note('The emulator has stopped.');
  return EXIT.ok;
}

/** The command `emulator watch`. */
export const emulatorWatch = defineCommand({
  name: 'emulator watch',
  summary:
    'Shows what devices do at the hubs of a running emulator as it happens: connections, telemetry, reported properties',
  description: [
    'Shows telemetry, connections and reported properties until Ctrl-C or until the emulator stops.',
  ],
  operands: [{ name: 'DEVICE', description: 'Device ID. Default: all.' }],
  flags,
  examples: [
    { does: 'See everything', line: 'azure-iot-x509 emulator watch' },
    {
      does: 'Give the telemetry of one device to a program',
      line: 'azure-iot-x509 emulator watch pump-1 --telemetry --json | jq .body',
    },
  ],
  load: () => ({ run }),
});
