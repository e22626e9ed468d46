import { defineCommand } from '../command';
import { deviceFlags } from '../device/flags';
import { proxyFlag } from '../device/proxy';
import { flagTable } from '../flags/spec';
import { jsonFlag } from '../global-flags';
import type * as Implementation from './run';

// Only a device that connects has a use for it.
const { assignmentFile: _assignmentFile, ...registrationFlags } = deviceFlags;

/** The flags of `provision`. */
export const flags = flagTable({ ...registrationFlags, ...proxyFlag, ...jsonFlag });

/** The command `provision`. */
export const provision = defineCommand({
  name: 'provision',
  summary: 'Registers a device with DPS and shows the hub that it is assigned to',
  description: [
    'Checks certificate and key, registers with the Device Provisioning Service (or IoT Central) and prints the assignment. It does not connect to the hub. A device that is registered already is registered again, which is harmless and may move it, as its enrollment says.',
    'The exit code is 1 when DPS refuses: stderr says why, what to do, and what to quote in a support request.',
  ],
  flags,
  examples: [
    {
      does: 'Register a device of an enrollment group',
      line: 'azure-iot-x509 provision --enrollment hub-group --id-scope 0ne00ABCDEF --cert pump-2-chain.crt --key pump-2.key',
    },
    { does: 'Register what a profile holds', line: 'azure-iot-x509 provision --profile device.json' },
    {
      does: 'Take the assigned hub into a script',
      line: 'azure-iot-x509 provision --profile device.json --json | jq -r .assignedHub',
    },
  ],
  // eslint-disable-next-line @typescript-eslint/no-require-imports -- loaded when it is run, see Command
  load: () => require('./run') as typeof Implementation,
});
