import { defineCommand } from '../../command';
import { flagTable } from '../../flags/spec';
import { certificateFlags, daysFlag, fileFlags, optionalIssuerFlags } from '../flags';
import type * as Implementation from './run';

/** The flags of `cert device`. */
export const flags = flagTable({
  cn: {
    type: 'string',
    valueName: 'ID',
    required: true,
    description: 'Common name (CN): the registration ID of the device, e.g. pump-1.',
  },
  keepCase: {
    type: 'boolean',
    description: 'Allows upper case in --cn, for devices that have such an ID.',
  },
  ...optionalIssuerFlags,
  ...certificateFlags,
  ...daysFlag(365, " or until the CA's end"),
  name: { type: 'string', description: 'Name of the files, without extension; without it the CN.' },
  ...fileFlags,
});

/** The command `cert device`. */
export const certDevice = defineCommand({
  name: 'cert device',
  summary: 'Makes the certificate and key of a device: signed by a CA, or without --ca self-signed',
  description: [
    'With --ca and --ca-key the certificate is for an enrollment group that holds this CA or one above it. Without, it is signed by its own key, for an individual enrollment that holds this very certificate.',
    'The common name (CN) is the registration ID and must be in lower case: DPS does not tell upper from lower case, IoT Hub does.',
    'Writes NAME.crt, NAME.key (mode 0600) and, below an intermediate, NAME-chain.crt: the certificate, then the intermediates, nearest first, without the root, which is what a device presents.',
  ],
  flags,
  examples: [
    {
      does: 'A device of an enrollment group',
      line: 'azure-iot-x509 cert device --cn pump-2 --ca certificates/root.crt --ca-key certificates/root.key',
    },
    {
      does: 'A device with an individual enrollment',
      line: 'azure-iot-x509 cert device --cn pump-1 --subject O=Contoso',
    },
  ],
  // eslint-disable-next-line @typescript-eslint/no-require-imports -- loaded when it is run, see Command
  load: () => require('./run') as typeof Implementation,
});
