import { isUtf8 } from 'node:buffer';
import { once } from 'node:events';
import type { CommandUnknownOpts } from '@commander-js/extra-typings';
import { printable } from 'azure-iot-certificates/internal';
import type { EventSource, HubEmulator, HubEvents, TelemetryMessage } from '../../index';
import { EXIT } from '../terminal/failure';
import type { Style } from '../terminal/output';
import type { Context } from './context';
import { allHubs } from './hubs';

/** The number of characters of a message that a line of text shows. */
const MAX_SHOWN = 500;

/** An event as `watch` shows it: for programs and, in `shown`, for people. */
interface Watched {
  readonly event: 'telemetry' | 'connected' | 'disconnected' | 'reported';
  readonly details: object;
  readonly shown: string;
}

type Name = 'telemetry' | 'deviceConnected' | 'deviceDisconnected' | 'reportedPropertiesUpdated';

/** The events that are shown, by their names at hubs. */
const EVENTS: { readonly [N in Name]: (event: HubEvents[N][0], hub: HubEmulator) => Watched } = {
  telemetry,
  deviceConnected: (_event, { name }) => ({ event: 'connected', details: {}, shown: `to ${name}` }),
  deviceDisconnected: ({ reason }) => ({ event: 'disconnected', details: { reason }, shown: reason }),
  reportedPropertiesUpdated: ({ patch }) => ({
    event: 'reported',
    details: { patch },
    shown: JSON.stringify(patch),
  }),
};

/** The body of a message: JSON if it is JSON, else text if it is text, else Base64. */
function telemetry({ moduleId, body, properties, systemProperties }: TelemetryMessage): Watched {
  const isText = isUtf8(body);
  const text = body.toString(isText ? 'utf8' : 'base64');
  const content = isText ? { body: parsed(text) } : { bodyBase64: text };
  const pairs = Object.entries(properties).map(([name, value]) => `${name}=${value}`);
  return {
    event: 'telemetry',
    details: { moduleId, ...content, properties, systemProperties },
    shown: [isText ? text : `${text} (Base64)`, ...pairs].join('  '),
  };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/** The line of an event, which begins as the lines of `azure-iot-x509 connect` do. */
function lineOf(time: Date, deviceId: string, { event, shown }: Watched, { dim }: Style): string {
  const text = printable(shown);
  const cut = text.length > MAX_SHOWN ? `${text.slice(0, MAX_SHOWN)}…` : text;
  return `${dim(time.toTimeString().slice(0, 8))}  ${printable(deviceId)} ${event} ${cut}`;
}

/** The command `watch`. */
export function watch(parent: CommandUnknownOpts, context: Context): void {
  parent
    .command('watch')
    .description(
      'Shows connections, telemetry and reported properties until Ctrl-C or the end of the emulator.',
    )
    .argument('[DEVICE]', 'Device ID. Default: all.')
    .option('--telemetry', 'Shows telemetry only.')
    .action(
      context.inEmulator(async ({ emulator }, wanted, options) => {
        const { io, output } = context;
        const names = (options.telemetry === true ? ['telemetry'] : Object.keys(EVENTS)) as readonly Name[];
        const listening = allHubs(emulator).flatMap((hub) =>
          names.map((name) => {
            const listener = (happened: EventSource): void => {
              const { deviceId } = happened;
              if (wanted !== undefined && deviceId !== wanted) return;
              const time = new Date();
              // The entry of a name handles the events of that name. TypeScript cannot see that through the union.
              const watched = EVENTS[name](happened as never, hub);
              const { event, details } = watched;
              output.event({ event, time, hub: hub.name, deviceId, ...details }, (style) => [
                lineOf(time, deviceId, watched, style),
              ]);
            };
            hub.on(name, listener);
            return () => hub.off(name, listener);
          }),
        );
        output.note(`Watching ${wanted ?? 'all devices'}. Ctrl-C ends it.`);
        if (!io.signal.aborted) await once(io.signal, 'abort');
        for (const end of listening) end();
        output.note('The emulator has stopped.');
      }, EXIT.ok),
    );
}
