import { defineCommand, type Invocation } from '../../command';
import { EXIT } from '../../exit-codes';
import { flagTable } from '../../flags/spec';
import { controlFlags, controlOf, termsFlags } from '../flags';
import { objectOf, readCertificate } from '../inputs';

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
  const certificate = await readCertificate(file);
  const enrollment = await controlOf(values, io).call('enroll', {
    certificate,
    ...(secondary !== undefined && { secondaryCertificate: await readCertificate(secondary) }),
    ...(registrationId !== undefined && { registrationId }),
    ...(deviceId !== undefined && { deviceId }),
    ...(initialTwin !== undefined && { initialTwin: objectOf(initialTwin, '--initial-twin') }),
    hubs: hub,
    isDisabled: disabled,
  });
  output.result({
    json: enrollment,
    text: () => [
      `Individual enrollment ${enrollment.registrationId}: ${enrollment.status}, device ID ${enrollment.deviceId}.`,
      'Connect the device with --enrollment hub-individual.',
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
