import { parse } from 'node:path';
import { defineCommand, type Invocation } from '../../command';
import { EXIT } from '../../exit-codes';
import { flagTable } from '../../flags/spec';
import { controlFlags, controlOf } from '../flags';
import { readCertificate } from '../inputs';
import { placeOf, type Place } from '../place';
import { authorityFlags, checkAuthorityFlags, reportAdded } from './verification';

const addFlags = flagTable({
  ...authorityFlags,
  name: { type: 'string', description: 'Name of the certificate. Default: that of the file.' },
});

/** What to do when the authority is verified. */
function nextStep(place: Place, name: string): readonly string[] {
  return ['Make a group for it:', `  ${place.command('group', 'GROUP', '--ca', name)}`];
}

async function add({ values, operands, io, output }: Invocation<typeof addFlags>): Promise<number> {
  const [file = ''] = operands;
  checkAuthorityFlags(values);
  const { name = parse(file).name, verified, printCode } = values;
  const certificate = await readCertificate(file, 'CERTIFICATE');
  const added = await controlOf(values, io).call('addAuthority', { name, certificate, isVerified: verified });
  const place = placeOf(values, io);
  await reportAdded({ output, io, place }, added, {
    ...{ file, verifyWith: ['ca', 'verify'], printCode },
    next: nextStep(place, name),
  });
  return EXIT.ok;
}

async function verify({ values, operands, io, output }: Invocation<typeof controlFlags>): Promise<number> {
  const [name = '', file = ''] = operands;
  const certificate = await readCertificate(file, 'CERTIFICATE');
  const verified = await controlOf(values, io).call('verifyAuthority', { name, certificate });
  output.result({
    json: verified,
    text: () => [`${name} is verified.`, ...nextStep(placeOf(values, io), name)],
  });
  return EXIT.ok;
}

/** The command `emulator ca add`. */
export const emulatorCaAdd = defineCommand({
  name: 'emulator ca add',
  summary: 'Uploads a certificate authority to the DPS of a running emulator',
  description: [
    'Does what the portal does at Certificates > Add, and generates the verification code. Until the CA is verified, it lets in nobody.',
  ],
  operands: [
    {
      name: 'CERTIFICATE',
      type: 'file',
      required: true,
      description: 'Certificate of a root or an intermediate.',
    },
  ],
  flags: addFlags,
  examples: [
    { does: 'Upload a root', line: 'azure-iot-x509 emulator ca add certificates/root.crt --name contoso' },
    {
      does: 'Keep the code in a variable',
      line: 'CODE=$(azure-iot-x509 emulator ca add certificates/root.crt --name contoso --print-code)',
    },
    { does: 'Without proof', line: 'azure-iot-x509 emulator ca add certificates/root.crt --verified' },
  ],
  load: () => ({ run: add }),
});

/** The command `emulator ca verify`. */
export const emulatorCaVerify = defineCommand({
  name: 'emulator ca verify',
  summary: 'Proves to the DPS of a running emulator that the key of a certificate authority is yours',
  description: [
    'Takes a certificate whose common name is the verification code and that the CA has signed ("cert verification" makes it).',
  ],
  operands: [
    { name: 'NAME', required: true, description: 'Name of the certificate authority.' },
    { name: 'CERTIFICATE', type: 'file', required: true, description: 'The verification certificate.' },
  ],
  flags: controlFlags,
  examples: [
    {
      does: 'Verify a root',
      line: 'azure-iot-x509 emulator ca verify contoso certificates/verification.crt',
    },
  ],
  load: () => ({ run: verify }),
});
