import { flagTable } from '../../flags/spec';
import { defineCommand } from '../../command';
import { jsonFlag } from '../../global-flags';
import type * as Implementation from './run';

/** The flags of `cert show`. */
export const flags = flagTable({
  passphraseEnv: {
    type: 'string',
    valueName: 'NAME',
    description:
      'Name of the environment variable with the passphrase of PKCS#12 files; without it none, and then a prompt.',
  },
  passphraseFile: { type: 'file', description: 'File with the passphrase of PKCS#12 files.' },
  ...jsonFlag,
});

/** The command `cert show`. */
export const certShow = defineCommand({
  name: 'cert show',
  summary: 'Shows certificates: names, validity, thumbprints, what they can be used for, and who signed whom',
  description: [
    'Reads PEM with any number of certificates, DER and PKCS#12, and looks at all files together, so that a chain shows even when its parts are in several files. Private keys are never shown.',
    'Thumbprints are without colons, as IoT Hub and the portals take them. The exit code is 1 when a file holds no certificate that can be read.',
  ],
  operands: [
    {
      name: 'FILE',
      type: 'file',
      required: true,
      repeatable: true,
      description: 'A file with certificates.',
    },
  ],
  flags,
  examples: [
    {
      does: "Show a device's certificate with its chain up to the root",
      line: 'azure-iot-x509 cert show certificates/pump-2-chain.crt certificates/root.crt',
    },
    {
      does: 'The thumbprint alone, for a script',
      line: "azure-iot-x509 cert show device.crt --json | jq -r '.certificates[0].thumbprint.sha256'",
    },
  ],
  // eslint-disable-next-line @typescript-eslint/no-require-imports -- loaded when it is run, see Command
  load: () => require('./run') as typeof Implementation,
});
