import { defineCommand } from '../command';
import { deviceFlags } from '../device/flags';
import { proxyFlag } from '../device/proxy';
import { flagTable } from '../flags/spec';
import { jsonFlag } from '../global-flags';
import type * as Implementation from './run';

// It looks at the way from the beginning, and remembers nothing.
const { assignmentFile: _assignmentFile, ...examinedFlags } = deviceFlags;

/** The flags of `doctor`. */
export const flags = flagTable({
  ...examinedFlags,
  ...proxyFlag,
  skipTelemetry: { type: 'boolean', description: 'Sends no message to the hub.' },
  ...jsonFlag,
});

/** The command `doctor`. */
export const doctor = defineCommand({
  name: 'doctor',
  summary: 'Finds out why a device does not connect: step by step, with the cause and what to do',
  description: [
    'Looks at certificate and key, clock, proxy variables, name resolution, ports, TLS and who signed the certificate of the server, the registration with DPS, the connection to the hub, and one message. A step that makes no sense after a failure is not tried. TLS verification stays on throughout.',
    'It registers and connects as the device: a device that is connected with the same identity is thrown out for a moment. The message has the body {"doctor":true} and the property "azure-iot-x509"="doctor".',
    'The exit code is 0 when everything works, with or without warnings, and 1 when a step failed.',
  ],
  flags,
  examples: [
    { does: 'Examine what a profile holds', line: 'azure-iot-x509 doctor --profile device.json' },
    {
      does: 'Examine the way over port 443, through the proxy of HTTPS_PROXY',
      line: 'azure-iot-x509 doctor --profile device.json --transport mqtt-ws',
    },
  ],
  // eslint-disable-next-line @typescript-eslint/no-require-imports -- loaded when it is run, see Command
  load: () => require('./run') as typeof Implementation,
});
