import { defineCommand, type Invocation } from '../../command';
import { EXIT } from '../../exit-codes';
import { flagTable } from '../../flags/spec';
import { UsageError } from '../../usage-error';
import { controlFlags, controlOf, termsFlags } from '../flags';
import { objectOf, readCertificate } from '../inputs';

const flags = flagTable({
  ...controlFlags,
  ...termsFlags,
  ca: {
    type: 'string',
    valueName: 'NAME',
    description: 'Certificate authority that was uploaded with "emulator ca add".',
  },
  certificate: {
    type: 'file',
    description:
      'Certificate of an intermediate or root that is put right into the group; it needs no proof.',
  },
});

async function run({ values, operands, io, output }: Invocation<typeof flags>): Promise<number> {
  const { ca, certificate, hub, initialTwin, disabled } = values;
  const [enrollmentGroupId = ''] = operands;
  if ((ca === undefined) === (certificate === undefined))
    throw new UsageError('Give either --ca or --certificate.');
  const group = await controlOf(values, io).call('group', {
    enrollmentGroupId,
    ...(ca !== undefined && { certificateName: ca }),
    ...(certificate !== undefined && { signingCertificate: await readCertificate(certificate) }),
    ...(initialTwin !== undefined && { initialTwin: objectOf(initialTwin, '--initial-twin') }),
    hubs: hub,
    isDisabled: disabled,
  });
  output.result({
    json: group,
    text: () => [
      `Enrollment group ${group.enrollmentGroupId}: ${group.status}.`,
      group.isVerified
        ? 'Connect its devices with --enrollment hub-group; each has a certificate below the CA.'
        : `It lets in nobody yet: prove that the key of ${ca ?? 'the CA'} is yours with "emulator ca verify".`,
    ],
  });
  return EXIT.ok;
}

/** The command `emulator group`. */
export const emulatorGroup = defineCommand({
  name: 'emulator group',
  summary: 'Makes an enrollment group in the DPS of a running emulator',
  description: [
    'Does what the portal does at Manage enrollments > Enrollment groups > Add: every device whose certificate comes from this certificate authority is let in.',
  ],
  operands: [{ name: 'GROUP', required: true, description: 'Name of the group.' }],
  flags,
  examples: [
    {
      does: 'Let in what an uploaded CA has signed',
      line: 'azure-iot-x509 emulator group pumps --ca contoso',
    },
    {
      does: 'Without uploading it first',
      line: 'azure-iot-x509 emulator group pumps --certificate certificates/line-1.crt',
    },
  ],
  load: () => ({ run }),
});
