import { defineCommand } from '../../command';
import { flagTable } from '../../flags/spec';
import { certificateFlags, daysFlag, fileFlags, issuerFlags } from '../flags';
import type * as Implementation from './run';

/** The flags of `cert intermediate`. */
export const flags = flagTable({
  cn: {
    type: 'string',
    valueName: 'NAME',
    required: true,
    description: 'Common name (CN), as people shall see it, e.g. "Contoso Line 1".',
  },
  ...issuerFlags,
  pathLength: {
    type: 'number',
    isInteger: true,
    min: 0,
    default: 0,
    description: 'How many further intermediates may stand between it and a device.',
  },
  ...certificateFlags,
  ...daysFlag(1825, " or until the CA's end"),
  name: { type: 'string', description: 'Name of the files, without extension; without it made of the CN.' },
  ...fileFlags,
});

/** The command `cert intermediate`. */
export const certIntermediate = defineCommand({
  name: 'cert intermediate',
  summary: 'Makes an intermediate CA, signed by a root or by another intermediate',
  description: [
    'An intermediate signs devices, so that the key of the root can stay locked away. Devices send its certificate after their own; "cert device" writes both into one file.',
    'Writes NAME.crt, NAME.key (mode 0600) and, below another intermediate, NAME-chain.crt. Without --subject it has the fields of its CA.',
  ],
  flags,
  examples: [
    {
      does: 'Make certificates/contoso-line-1.crt and .key',
      line: 'azure-iot-x509 cert intermediate --cn "Contoso Line 1" --ca certificates/root.crt --ca-key certificates/root.key',
    },
  ],
  // eslint-disable-next-line @typescript-eslint/no-require-imports -- loaded when it is run, see Command
  load: () => require('./run') as typeof Implementation,
});
