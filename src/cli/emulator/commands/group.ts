import { defineCommand, type Invocation } from '../../command';
import { EXIT } from '../../exit-codes';
import { flagTable } from '../../flags/spec';
import { UsageError } from '../../usage-error';
import { ANY_DEVICE, connectLine } from '../connect-line';
import { controlFlags, controlOf, termsFlags } from '../flags';
import { objectOf, readCertificate } from '../inputs';
import { placeOf } from '../place';

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
  const control = controlOf(values, io);
  const group = await control.call('group', {
    enrollmentGroupId,
    ...(ca !== undefined && { certificateName: ca }),
    ...(certificate !== undefined && {
      signingCertificate: await readCertificate(certificate, '--certificate'),
    }),
    ...(initialTwin !== undefined && { initialTwin: objectOf(initialTwin, '--initial-twin') }),
    hubs: hub,
    isDisabled: disabled,
  });
  const place = placeOf(values, io);
  const status = await control.call('status', {});
  const next = (): readonly string[] => {
    if (!group.isVerified) {
      const line = place.command('ca', 'verify', ca ?? 'CA', 'certificates/verification.crt');
      return [`It lets in nobody yet: prove that the key of ${ca ?? 'the CA'} is yours.`, `  ${line}`];
    }
    if (disabled) {
      const line = place.command('enrollment', 'enable', enrollmentGroupId, '--group');
      return ['It lets in nobody until it is enabled:', `  ${line}`];
    }
    return [
      'Connect its devices; DEVICE-chain.crt for one below an intermediate:',
      connectLine({ enrollment: 'hub-group', status, place, credentials: ANY_DEVICE }),
    ];
  };
  output.result({
    json: group,
    text: () => [`Enrollment group ${group.enrollmentGroupId}: ${group.status}.`, ...next()],
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
