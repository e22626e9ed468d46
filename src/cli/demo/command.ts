import { defineCommand } from '../command';
import type * as Implementation from './run';

/** The command `demo`. */
export const demo = defineCommand({
  name: 'demo',
  summary:
    'Shows four devices connect, one for each kind of enrollment, against an emulator on this computer',
  description: [
    'Takes the devices from their certificates to a connected IoT Hub client: makes and enrolls certificates, registers with DPS, sends messages both ways, calls a method, exchanges settings, disconnects. It needs neither a network nor an Azure subscription, takes a few seconds and leaves nothing behind.',
    'The exit code is 0 when the services observed every step, and 1 when one failed.',
  ],
  flags: {},
  examples: [{ does: 'See it work', line: 'azure-iot-x509 demo' }],
  // eslint-disable-next-line @typescript-eslint/no-require-imports -- loaded when it is run, see Command
  load: () => require('./run') as typeof Implementation,
});
