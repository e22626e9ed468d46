import { defineCommand } from '../../command';
import { flagTable } from '../../flags/spec';
import { daysFlag, fileFlags, issuerFlags } from '../flags';
import type * as Implementation from './run';

/** The flags of `cert verification`. */
export const flags = flagTable({
  code: {
    type: 'string',
    required: true,
    description: 'The verification code, copied from the portal.',
  },
  ...issuerFlags,
  ...daysFlag(30, " or until the CA's end"),
  name: { type: 'string', default: 'verification', description: 'Name of the file, without extension.' },
  ...fileFlags,
});

/** The command `cert verification`. */
export const certVerification = defineCommand({
  name: 'cert verification',
  summary: 'Proves that the key of a CA is yours: makes the certificate that the portal wants for its code',
  description: [
    'The portal shows a verification code for a CA that was uploaded (Generate verification code). This command makes a certificate with the code as its CN, signed by that CA; upload it where the code was shown.',
    'Writes NAME.crt. Its key is needed for nothing and is not kept.',
  ],
  flags,
  examples: [
    {
      does: 'Make certificates/verification.crt',
      line: 'azure-iot-x509 cert verification --code 106A5SD242AF512B3498BD6098C4941E66R34H268DDB3288 --ca certificates/root.crt --ca-key certificates/root.key',
    },
  ],
  // eslint-disable-next-line @typescript-eslint/no-require-imports -- loaded when it is run, see Command
  load: () => require('./run') as typeof Implementation,
});
