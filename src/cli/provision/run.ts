import { provisionDevice } from '../../provision';
import type { Registration } from '../../options/registration';
import { DEFAULT_GLOBAL_ENDPOINT, validateProvisionOptions } from '../../options/validate';
import type { Invocation } from '../command';
import { proxyOption } from '../device/proxy';
import { connectOptions } from '../device/resolve';
import { warnAboutCredentials } from '../device/warnings';
import { EXIT } from '../exit-codes';
import { printable } from '../output/printable';
import type { Style } from '../output/style';
import { alignColumns } from '../output/text';
import type { flags } from './command';

/** The command `provision`. */
export async function run(invocation: Invocation<typeof flags>): Promise<number> {
  const { values, output } = invocation;
  const { assignmentFile: _unused, ...settings } = await connectOptions({
    ...invocation,
    values: { ...values, assignmentFile: undefined },
  });
  const options = { ...settings, ...proxyOption(values) };
  validateProvisionOptions(options);
  const { globalEndpoint = DEFAULT_GLOBAL_ENDPOINT } = options;
  const registration = await output.during('Checking certificate and key', async (update) => {
    await warnAboutCredentials(options, output);
    update(`Registering at ${globalEndpoint}`);
    return await provisionDevice(options);
  });
  output.result({ json: registration, text: (style) => lines(registration, style) });
  return EXIT.ok;
}

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
