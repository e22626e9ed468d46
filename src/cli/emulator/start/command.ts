import { defineCommand } from '../../command';
import { flagTable } from '../../flags/spec';
import { stateFlag } from '../flags';
import type * as Implementation from './run';

/** The flags of `emulator`. */
export const flags = flagTable({
  ...stateFlag,
  inMemory: {
    type: 'boolean',
    description: 'Keeps nothing: the directory of --state holds the CA file and the control socket only.',
  },
  hub: {
    type: 'string',
    valueName: 'NAME[=HOSTNAME]',
    repeatable: true,
    description:
      'A hub that is linked to DPS, with the host name by which devices know it, such as north or north=north.example.org. Default: hub-1.',
  },
  port: {
    type: 'number',
    isInteger: true,
    min: 0,
    max: 65_535,
    description: 'TCP port of the global endpoint. Default: a free one.',
  },
  sharedPort: {
    type: 'number',
    isInteger: true,
    min: 0,
    max: 65_535,
    repeatable: true,
    description:
      'Serves DPS and all hubs together on this port, for SDKs that cannot be told one: 8883, and 443 for WebSockets and files.',
  },
  host: {
    type: 'string',
    valueName: 'ADDRESS',
    description:
      'Interface to listen on. Default: 127.0.0.1, and ::1 where there is one. Others let strangers in.',
  },
  hostName: {
    type: 'string',
    valueName: 'NAME',
    description: 'Name by which devices reach this machine. Default: localhost.',
  },
  idScope: {
    type: 'string',
    valueName: 'SCOPE',
    description: 'ID scope of DPS, such as 0ne00ABCDEF. Default: a random one.',
  },
  retryAfter: {
    type: 'duration',
    max: 300_000,
    description:
      'What devices are told to wait between two polls: whole seconds, 0s included. Default: 3s, as Azure answers.',
  },
  telemetryFile: { type: 'file', description: 'Appends all telemetry to this file, a JSON document a line.' },
  json: {
    type: 'boolean',
    description: 'Prints where the emulator is as one JSON document on stdout, when it is ready.',
  },
});

/** The command `emulator`. */
export const emulator = defineCommand({
  name: 'emulator',
  summary: 'Runs DPS, IoT Hub and IoT Central on this computer',
  description: [
    'Listens on the loopback interface over TLS with client certificates until Ctrl-C or "emulator stop". Enrollments, devices, twins, ports and the CA are kept in the directory of --state, so that the next start goes on from there.',
    'The other commands of this group act on the running emulator; only the user who started it can.',
  ],
  flags,
  examples: [
    { does: 'Start it', line: 'azure-iot-x509 emulator' },
    {
      does: 'Two hubs, nothing kept, no waiting',
      line: 'azure-iot-x509 emulator --hub north --hub south --in-memory --retry-after 0s',
    },
    {
      does: 'For SDKs that insist on ports 8883 and 443 (as root, or in a container)',
      line: 'azure-iot-x509 emulator --shared-port 8883 --shared-port 443 --hub hub-1=localhost',
    },
  ],
  // eslint-disable-next-line @typescript-eslint/no-require-imports -- loaded when it is run, see Command
  load: () => require('./run') as typeof Implementation,
});
