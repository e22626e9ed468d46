import { defineCommand } from '../../command';
import { flagTable } from '../../flags/spec';
import { jsonFlag } from '../../global-flags';
import { DEFAULT_PROFILE } from '../default-file';
import type * as Implementation from './run';

/** The flags of `profile show`. */
export const flags = flagTable({ ...jsonFlag });

/** The command `profile show`. */
export const profileShow = defineCommand({
  name: 'profile show',
  summary: 'Shows what a profile holds, and whether the files and variables that it names are there',
  description: [
    'Paths are shown as they are used, resolved against the place of the profile. Members of the payload that look like secrets are masked.',
  ],
  operands: [{ name: 'FILE', type: 'file', description: `The profile; without it ${DEFAULT_PROFILE}.` }],
  flags,
  examples: [{ does: 'Show a profile', line: 'azure-iot-x509 profile show pump-2.json' }],
  // eslint-disable-next-line @typescript-eslint/no-require-imports -- loaded when it is run, see Command
  load: () => require('./run') as typeof Implementation,
});
