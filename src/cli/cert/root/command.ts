import { defineCommand } from '../../command';
import { flagTable } from '../../flags/spec';
import { certificateFlags, daysFlag, fileFlags } from '../flags';
import type * as Implementation from './run';

/** The flags of `cert root`. */
export const flags = flagTable({
  cn: {
    type: 'string',
    valueName: 'NAME',
    required: true,
    description: 'Common name (CN), as people shall see it, e.g. "Contoso Root CA".',
  },
  ...certificateFlags,
  ...daysFlag(3650),
  name: { type: 'string', default: 'root', description: 'Name of the files, without extension.' },
  ...fileFlags,
});

/** The command `cert root`. */
export const certRoot = defineCommand({
  name: 'cert root',
  summary: 'Makes a root CA: a key and the self-signed certificate that is enrolled for a group of devices',
  description: [
    'The root signs intermediates ("cert intermediate") or devices ("cert device"). Its certificate is uploaded to an enrollment group; its key is what the whole group depends on: encrypt it, and keep it away from devices.',
    'Writes NAME.crt and NAME.key (mode 0600). Existing files are never replaced without --force.',
  ],
  flags,
  examples: [
    {
      does: 'Make certificates/root.crt and certificates/root.key',
      line: 'azure-iot-x509 cert root --cn "Contoso Root CA" --subject "O=Contoso, C=CH"',
    },
    {
      does: 'Encrypt the key; the passphrase is asked for',
      line: 'azure-iot-x509 cert root --cn "Contoso Root CA" --subject O=Contoso --encrypt',
    },
  ],
  // eslint-disable-next-line @typescript-eslint/no-require-imports -- loaded when it is run, see Command
  load: () => require('./run') as typeof Implementation,
});
