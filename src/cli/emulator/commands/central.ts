import { defineCommand, type Invocation } from '../../command';
import { EXIT } from '../../exit-codes';
import { flagTable } from '../../flags/spec';
import { alignColumns } from '../../output/text';
import { ANY_DEVICE, connectLine, credentialFlags } from '../connect-line';
import type { Status } from '../control/operations';
import { controlFlags, controlOf } from '../flags';
import { readCertificate } from '../inputs';
import { placeOf, type Place } from '../place';
import { authorityFlags, checkAuthorityFlags, reportAdded } from './verification';

const deviceFlags = flagTable({
  ...controlFlags,
  cert: { type: 'file', description: 'Certificate of the device, for an individual enrollment.' },
  secondary: { type: 'file', description: 'Secondary certificate. Default: the same.' },
});

async function device({ values, operands, io, output }: Invocation<typeof deviceFlags>): Promise<number> {
  const [deviceId = ''] = operands;
  const { cert, secondary } = values;
  const control = controlOf(values, io);
  const row = await control.call('centralDevice', {
    deviceId,
    ...(cert !== undefined && { certificate: await readCertificate(cert, '--cert') }),
    ...(secondary !== undefined && { secondaryCertificate: await readCertificate(secondary, '--secondary') }),
  });
  const place = placeOf(values, io);
  const status = await control.call('status', {});
  const credentials = cert === undefined ? undefined : await credentialFlags(cert, io);
  output.result({
    json: row,
    text: () => [
      `IoT Central device ${row.deviceId}: ${row.status}.`,
      ...(credentials === undefined
        ? []
        : ['Connect it:', connectLine({ enrollment: 'central-individual', status, place, credentials })]),
    ],
  });
  return EXIT.ok;
}

/** The command `emulator central device`. */
export const emulatorCentralDevice = defineCommand({
  name: 'emulator central device',
  summary: 'Makes a device in the IoT Central application of a running emulator',
  description: [
    'Does what IoT Central does at Devices > New, and with --cert at Connect > Individual enrollment > Certificates (X.509). A device that is there already gets the certificates.',
  ],
  operands: [
    { name: 'DEVICE', required: true, description: "Device ID; must be the certificate's common name." },
  ],
  flags: deviceFlags,
  examples: [
    {
      does: 'Make a device with a certificate of its own',
      line: 'azure-iot-x509 emulator central device valve-1 --cert certificates/valve-1.crt',
    },
  ],
  load: () => ({ run: device }),
});

/** What to do when the authority of a group is verified. */
function nextStep(status: Status, place: Place): readonly string[] {
  return [
    'Connect its devices; DEVICE-chain.crt for one below an intermediate:',
    connectLine({ enrollment: 'central-group', status, place, credentials: ANY_DEVICE }),
  ];
}

async function group({ values, operands, io, output }: Invocation<typeof authorityFlags>): Promise<number> {
  const [name = '', file = ''] = operands;
  checkAuthorityFlags(values);
  const certificate = await readCertificate(file, 'CERTIFICATE');
  const control = controlOf(values, io);
  const added = await control.call('centralGroup', {
    name,
    certificate,
    isVerified: values.verified,
  });
  const place = placeOf(values, io);
  await reportAdded({ output, io, place }, added, {
    ...{ file, verifyWith: ['central', 'verify'], printCode: values.printCode },
    next: nextStep(await control.call('status', {}), place),
  });
  return EXIT.ok;
}

/** The command `emulator central group`. */
export const emulatorCentralGroup = defineCommand({
  name: 'emulator central group',
  summary: 'Makes an enrollment group in the IoT Central application of a running emulator',
  description: [
    'Does what IoT Central does at Permissions > Device connection groups > New with certificates, and generates the verification code. Devices of the group appear by themselves.',
  ],
  operands: [
    { name: 'NAME', required: true, description: 'Name of the group.' },
    {
      name: 'CERTIFICATE',
      type: 'file',
      required: true,
      description: 'Certificate of a root or an intermediate.',
    },
  ],
  flags: authorityFlags,
  examples: [
    { does: 'Make a group', line: 'azure-iot-x509 emulator central group valves certificates/root.crt' },
  ],
  load: () => ({ run: group }),
});

async function verify({ values, operands, io, output }: Invocation<typeof controlFlags>): Promise<number> {
  const [name = '', file = ''] = operands;
  const certificate = await readCertificate(file, 'CERTIFICATE');
  const control = controlOf(values, io);
  const verified = await control.call('centralVerify', { name, certificate });
  const status = await control.call('status', {});
  output.result({
    json: verified,
    text: () => [`${name} is verified.`, ...nextStep(status, placeOf(values, io))],
  });
  return EXIT.ok;
}

/** The command `emulator central verify`. */
export const emulatorCentralVerify = defineCommand({
  name: 'emulator central verify',
  summary: 'Proves to the IoT Central application of a running emulator that the key of a group is yours',
  description: [
    'Takes a certificate whose common name is the verification code and that the CA has signed ("cert verification" makes it).',
  ],
  operands: [
    { name: 'NAME', required: true, description: 'Name of the group.' },
    { name: 'CERTIFICATE', type: 'file', required: true, description: 'The verification certificate.' },
  ],
  flags: controlFlags,
  examples: [
    {
      does: 'Verify it',
      line: 'azure-iot-x509 emulator central verify valves certificates/verification.crt',
    },
  ],
  load: () => ({ run: verify }),
});

async function list({ values, io, output }: Invocation<typeof controlFlags>): Promise<number> {
  const rows = await controlOf(values, io).call('centralDevices', {});
  output.result({
    json: rows,
    text: ({ bold }) =>
      rows.length === 0
        ? [
            `There are no devices yet. Make one: ${placeOf(values, io).command('central', 'device', 'DEVICE')}`,
          ]
        : alignColumns([
            ['DEVICE', 'STATUS', 'TEMPLATE'].map(bold),
            ...rows.map(({ deviceId, status, template }) => [deviceId, status, template ?? '-']),
          ]),
  });
  return EXIT.ok;
}

/** The command `emulator central devices`. */
export const emulatorCentralDevices = defineCommand({
  name: 'emulator central devices',
  summary: 'Lists the devices of the IoT Central application of a running emulator',
  description: ['Shows each device with its status and its template.'],
  flags: controlFlags,
  examples: [{ does: 'List them', line: 'azure-iot-x509 emulator central devices' }],
  load: () => ({ run: list }),
});

const ACTIONS = ['approve', 'block', 'unblock', 'delete'] as const;

async function change({ values, operands, io, output }: Invocation<typeof controlFlags>): Promise<number> {
  const [action = '', deviceId = ''] = operands;
  const row = await controlOf(values, io).call('changeCentralDevice', { deviceId, action });
  output.result({
    json: row ?? { deviceId, action },
    text: () => [
      row === null
        ? `IoT Central device ${deviceId}: deleted.`
        : `IoT Central device ${deviceId}: ${row.status}.`,
    ],
  });
  return EXIT.ok;
}

/** The command `emulator central change`. */
export const emulatorCentralChange = defineCommand({
  name: 'emulator central change',
  summary: 'Approves, blocks, unblocks or deletes a device of the IoT Central application',
  description: [
    'A blocked device can neither connect nor register. One that waits for approval is let in at its next registration.',
  ],
  operands: [
    {
      name: 'ACTION',
      type: 'enum',
      values: ACTIONS,
      required: true,
      description: 'approve, block, unblock or delete.',
    },
    { name: 'DEVICE', required: true, description: 'Device ID.' },
  ],
  flags: controlFlags,
  examples: [{ does: 'Let a device in', line: 'azure-iot-x509 emulator central change approve valve-2' }],
  load: () => ({ run: change }),
});

async function autoApprove({
  values,
  operands,
  io,
  output,
}: Invocation<typeof controlFlags>): Promise<number> {
  const isOn = operands[0] === 'on';
  const result = await controlOf(values, io).call('centralAutoApprove', { isOn });
  output.result({
    json: result,
    text: () => [
      isOn ? 'Devices of groups are let in by themselves.' : 'Devices of groups wait for approval.',
    ],
  });
  return EXIT.ok;
}

/** The command `emulator central auto-approve`. */
export const emulatorCentralAutoApprove = defineCommand({
  name: 'emulator central auto-approve',
  summary: 'Lets devices of groups in by themselves, or has them wait for approval',
  description: ['Is what IoT Central has at Permissions > Device connection groups > Auto approve.'],
  operands: [
    { name: 'STATE', type: 'enum', values: ['on', 'off'], required: true, description: 'on or off.' },
  ],
  flags: controlFlags,
  examples: [{ does: 'Have them wait', line: 'azure-iot-x509 emulator central auto-approve off' }],
  load: () => ({ run: autoApprove }),
});

const templateFlags = flagTable({
  ...controlFlags,
  displayName: {
    type: 'string',
    valueName: 'NAME',
    description: 'Name of the template. Default: the model ID.',
  },
});

async function template({ values, operands, io, output }: Invocation<typeof templateFlags>): Promise<number> {
  const [modelId = ''] = operands;
  const { displayName } = values;
  const made = await controlOf(values, io).call('centralTemplate', {
    modelId,
    ...(displayName !== undefined && { displayName }),
  });
  output.result({ json: made, text: () => [`Device template ${made.displayName} for ${made.modelId}.`] });
  return EXIT.ok;
}

/** The command `emulator central template`. */
export const emulatorCentralTemplate = defineCommand({
  name: 'emulator central template',
  summary: 'Makes a device template in the IoT Central application of a running emulator',
  description: ['Devices that announce this model get the template; others become Unassigned.'],
  operands: [{ name: 'MODEL', required: true, description: 'Model ID, e.g. dtmi:contoso:Pump;1.' }],
  flags: templateFlags,
  examples: [
    { does: 'Know a model', line: "azure-iot-x509 emulator central template 'dtmi:contoso:Pump;1'" },
  ],
  load: () => ({ run: template }),
});
