import { defineCommand } from '../../command';
import { deviceFlags } from '../../device/flags';
import { flagTable } from '../../flags/spec';
import { jsonFlag } from '../../global-flags';
import { DEFAULT_PROFILE } from '../default-file';
import type * as Implementation from './run';

const { profile: _profile, ...settingFlags } = deviceFlags;

/** The flags of `profile init`. */
export const flags = flagTable({
  ...settingFlags,
  modelVersion: {
    type: 'number',
    isInteger: true,
    min: 1,
    max: 999_999_999,
    description: 'Version of the model, where --model-id does not end with one.',
  },
  yes: {
    type: 'boolean',
    short: 'y',
    description: 'Asks nothing: flags and environment variables answer, the rest stays as it is by default.',
  },
  force: { type: 'boolean', description: 'Replaces a profile that exists.' },
  ...jsonFlag,
});

/** The command `profile init`. */
export const profileInit = defineCommand({
  name: 'profile init',
  summary: 'Asks for what a device needs to connect, checks it, and stores it in a profile',
  description: [
    'Asks for the kind of enrollment, ID scope, global endpoint, certificate, private key and device model, as the cloud connection form of a gateway does. Every answer is checked at once, without touching the network. What a flag says is not asked for, and what an environment variable says is suggested.',
    'The profile is a JSON file (mode 0600) for --profile of the other commands. It names the key by its path, relative to the profile, and the passphrase by its environment variable; it never holds either.',
  ],
  operands: [
    { name: 'FILE', type: 'file', description: `The profile to be written; without it ${DEFAULT_PROFILE}.` },
  ],
  flags,
  examples: [
    { does: 'Answer questions', line: 'azure-iot-x509 profile init' },
    {
      does: 'Make a profile in a script',
      line: 'azure-iot-x509 profile init pump-2.json --yes --enrollment hub-group --id-scope 0ne00ABCDEF --cert certificates/pump-2-chain.crt --key certificates/pump-2.key',
    },
  ],
  // eslint-disable-next-line @typescript-eslint/no-require-imports -- loaded when it is run, see Command
  load: () => require('./run') as typeof Implementation,
});
