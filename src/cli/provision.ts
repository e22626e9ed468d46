import { printable } from 'azure-iot-certificates/internal';
import type * as Provision from '../provision';
import type { Registration } from '../options/registration';
import { DEFAULT_GLOBAL_ENDPOINT, validateProvisionOptions } from '../options/validate';
import { defineCommand, jsonFlag } from './command';
import { deviceFlags, proxyFlag, proxyOption } from './device/flags';
import { connectOptions } from './device/resolve';
import { warnAboutCredentials } from './device/warnings';
import { EXIT } from './exit-codes';
import type { Style } from './output/style';
import { alignColumns } from './output/text';

// A remembered assignment is for the next connection, and `provision` makes no connection.
const { assignmentFile: _assignmentFile, ...flags } = deviceFlags;

/** The command `provision`. */
export const provision = defineCommand({
  name: 'provision',
  summary: 'Registers a device with DPS and shows the hub that it is assigned to',
  description: [
    'Checks certificate and key, registers with the Device Provisioning Service (or IoT Central) and prints the assignment. It does not connect to the hub. A device that is registered already is registered again, which is harmless and may move it, as its enrollment says.',
    'The exit code is 1 when DPS refuses: stderr says why, what to do, and what to quote in a support request.',
  ],
  flags: { ...flags, ...proxyFlag, ...jsonFlag },
  examples: [
    {
      does: 'Register a device of an enrollment group',
      line: 'azure-iot-x509 provision --enrollment hub-group --id-scope 0ne00ABCDEF --cert pump-2-chain.crt --key pump-2.key',
    },
    { does: 'Register the device of a profile', line: 'azure-iot-x509 provision --profile device.json' },
    {
      does: 'Take the assigned hub into a script',
      line: 'azure-iot-x509 provision --profile device.json --json | jq -r .assignedHub',
    },
  ],
  run: async (invocation) => {
    const { values, output } = invocation;
    const { assignmentFile: _unused, ...settings } = await connectOptions({
      ...invocation,
      values: { ...values, assignmentFile: undefined },
    });
    const options = { ...settings, ...proxyOption(values) };
    validateProvisionOptions(options);
    const { globalEndpoint = DEFAULT_GLOBAL_ENDPOINT } = options;
    await warnAboutCredentials(options, output);
    // eslint-disable-next-line @typescript-eslint/no-require-imports -- other commands need not load the library
    const { provisionDevice } = require('../provision') as typeof Provision;
    output.progress(`Registering at ${globalEndpoint}`);
    const registration = await provisionDevice(options);
    output.result({ json: registration, text: (style) => lines(registration, style) });
    return EXIT.ok;
  },
});

function lines(registration: Registration, style: Style): readonly string[] {
  const { registrationId, deviceId, assignedHub, status, substatus, payload } = registration;
  const rows: readonly (readonly [name: string, value: string | undefined])[] = [
    ['Registration ID', registrationId],
    ['Device ID', deviceId],
    ['Assigned hub', assignedHub],
    ['Status', status],
    ['Substatus', substatus],
    ['Payload', payload === undefined ? undefined : JSON.stringify(payload)],
    ['Registered', registration.createdDateTimeUtc],
    ['Last updated', registration.lastUpdatedDateTimeUtc],
  ];
  return alignColumns(
    rows.flatMap(([name, value]) => (value === undefined ? [] : [[style.dim(name), printable(value)]])),
  );
}
