import { existsSync } from 'node:fs';
import { printable } from 'azure-iot-certificates/internal';
import { readProfileSettings } from '../../options/profile';
import { defineCommand, jsonFlag } from '../command';
import { EXIT } from '../exit-codes';
import { locate, type Io } from '../io';
import { alignColumns } from '../output/text';
import { DEFAULT_PROFILE } from './default-file';

/** The member names of a payload whose values may be secrets. */
const SECRET = /key|secret|token|password|passphrase|credential|signature|sas/i;
const MASK = '***';

/** The command `profile show`. */
export const profileShow = defineCommand({
  name: 'profile show',
  summary: 'Shows the settings in a profile, and whether the files and variables that it names are there',
  description: [
    'Paths are shown as they are used, resolved against the place of the profile. Members of the payload that look like secrets are masked.',
  ],
  operand: { term: '[file]', description: `The profile; without it ${DEFAULT_PROFILE}.` },
  flags: jsonFlag,
  examples: [{ does: 'Show a profile', line: 'azure-iot-x509 profile show pump-2.json' }],
  run: async ({ operands, io, output }) => {
    const [path = locate(io.cwd, DEFAULT_PROFILE)] = operands;
    const settings = masked(await readProfileSettings(path)) as Readonly<Record<string, unknown>>;
    output.result({
      json: { profile: path, settings },
      text: ({ bold, dim }) => [
        bold(path),
        ...alignColumns(
          Object.entries(settings).map(([name, value]) => [
            `  ${name}`,
            `${shown(value)}${dim(remark(name, value, io))}`,
          ]),
        ),
      ],
    });
    return EXIT.ok;
  },
});

/** The value with the members masked that look like secrets, at any depth. */
function masked(value: unknown, isPayload = false): unknown {
  if (Array.isArray(value)) return value.map((item) => masked(item, isPayload));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, member]) => [
      name,
      isPayload && SECRET.test(name) ? MASK : masked(member, isPayload || name === 'payload'),
    ]),
  );
}

function shown(value: unknown): string {
  return printable(typeof value === 'string' ? value : JSON.stringify(value));
}

function remark(name: string, value: unknown, { env }: Io): string {
  if (typeof value !== 'string') return '';
  if (name === 'passphraseEnv') return (env[value] ?? '') === '' ? ' (not set)' : ' (set)';
  // The assignment file is made by the first connection.
  if (!name.endsWith('File') || name === 'assignmentFile') return '';
  return existsSync(value) ? '' : ' (not there)';
}
