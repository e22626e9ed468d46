import { defineCommand, jsonFlag } from '../command';
import { deviceFlags, proxyFlag } from '../device/flags';
import { toggle } from '../flags';
import type * as Implementation from './run';

// `doctor` examines the registration too, so it remembers no assignment.
const { assignmentFile: _assignmentFile, ...examinedFlags } = deviceFlags;

/** The flags of `doctor`. */
export const flags = {
  ...examinedFlags,
  ...proxyFlag,
  skipTelemetry: toggle('Sends no message to the hub.'),
  ...jsonFlag,
};

/** The command `doctor`. */
export const doctor = defineCommand({
  name: 'doctor',
  summary: 'Finds out why a device does not connect: step by step, with the cause and what to do',
  description: [
    'Examines certificate and key, clock, proxy variables, name resolution, ports, TLS and the issuer of the server certificate, the registration with DPS, the connection to the hub, one message, and whether the hub has direct methods and device twins. A step that makes no sense after a failure is not tried. TLS verification stays on throughout.',
    'It registers and connects as the device: a device that is connected with the same identity is thrown out for a moment. The message has the body {"doctor":true} and the property "azure-iot-x509"="doctor".',
    'The exit code is 0 when everything works, with or without warnings, and 1 when a step failed.',
  ],
  flags,
  examples: [
    { does: 'Examine the device of a profile', line: 'azure-iot-x509 doctor --profile device.json' },
    {
      does: 'Examine the way over port 443, through the proxy of HTTPS_PROXY',
      line: 'azure-iot-x509 doctor --profile device.json --transport mqtt-ws',
    },
  ],
  run: (invocation) => {
    // eslint-disable-next-line @typescript-eslint/no-require-imports -- other commands need not load the library
    const { runDoctor } = require('./run') as typeof Implementation;
    return runDoctor(invocation);
  },
});
