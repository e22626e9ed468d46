import { defineCommand, type Invocation } from '../../command';
import { EXIT } from '../../exit-codes';
import { flagTable } from '../../flags/spec';
import { connectLine, credentialFlags } from '../connect-line';
import { controlFlags, controlOf, termsFlags } from '../flags';
import { objectOf, readCertificate } from '../inputs';
import { placeOf } from '../place';

const flags = flagTable({
  ...controlFlags,
  ...termsFlags,
  registrationId: {
    type: 'string',
    valueName: 'ID',
    description: "Registration ID. Default: the certificate's common name.",
  },
  deviceId: { type: 'string', valueName: 'ID', description: 'Device ID. Default: the registration ID.' },
  secondary: { type: 'file', description: 'Certificate that is accepted as well, e.g. a renewed one.' },
});

async function run({ values, operands, io, output }: Invocation<typeof flags>): Promise<number> {
  const { registrationId, deviceId, secondary, hub, initialTwin, disabled } = values;
  const [file = ''] = operands;
  const certificate = await readCertificate(file, 'CERTIFICATE');
  const control = controlOf(values, io);
  const enrollment = await control.call('enroll', {
    certificate,
    ...(secondary !== undefined && { secondaryCertificate: await readCertificate(secondary, '--secondary') }),
    ...(registrationId !== undefined && { registrationId }),
    ...(deviceId !== undefined && { deviceId }),
    ...(initialTwin !== undefined && { initialTwin: objectOf(initialTwin, '--initial-twin') }),
    hubs: hub,
    isDisabled: disabled,
  });
  const place = placeOf(values, io);
  const status = await control.call('status', {});
  const credentials = [
    ...(await credentialFlags(file, io)),
    ...(registrationId === undefined ? [] : ['--registration-id', registrationId]),
  ];
  output.result({
    json: enrollment,
    text: () => [
      `Individual enrollment ${enrollment.registrationId}: ${enrollment.status}, device ID ${enrollment.deviceId}.`,
      ...(disabled
        ? [
            'It lets in nobody until it is enabled:',
            `  ${place.command('enrollment', 'enable', enrollment.registrationId)}`,
          ]
        : ['Connect the device:', connectLine({ enrollment: 'hub-individual', status, place, credentials })]),
    ],
  });
  return EXIT.ok;
}

/** The command `emulator enroll`. */
export const emulatorEnroll = defineCommand({
  name: 'emulator enroll',
  summary: 'Makes an individual enrollment in the DPS of a running emulator',
  description: [
    'Does what the portal does at Manage enrollments > Individual enrollments > Add: the device that presents this very certificate is let in.',
  ],
  operands: [
    {
      name: 'CERTIFICATE',
      type: 'file',
      required: true,
      description: "The device's certificate (never its key).",
    },
  ],
  flags,
  examples: [
    { does: 'Enroll one device', line: 'azure-iot-x509 emulator enroll certificates/pump-1.crt' },
    {
      does: 'Let it begin with a desired property',
      line: `azure-iot-x509 emulator enroll certificates/pump-1.crt --initial-twin '{"properties":{"desired":{"interval":5}}}'`,
    },
  ],
  load: () => ({ run }),
});
