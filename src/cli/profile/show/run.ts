import { existsSync } from 'node:fs';
import type { Invocation } from '../../command';
import { durationText } from '../../flags/duration';
import { EXIT } from '../../exit-codes';
import { locate, type Io } from '../../io';
import { printable } from '../../output/printable';
import { alignColumns } from '../../output/text';
import { DEFAULT_PROFILE } from '../default-file';
import { readProfile } from '../file';
import type { flags } from './command';

/** Members of a payload that belong to nobody's eyes. */
const SECRET = /key|secret|token|password|passphrase|credential|signature|sas/i;
const MASK = '***';

const TITLES: Readonly<Record<string, string>> = {
  enrollment: 'Enrollment',
  idScope: 'ID scope',
  globalEndpoint: 'Global endpoint',
  certFile: 'Certificate',
  keyFile: 'Private key',
  chainFile: 'Intermediates',
  passphraseEnv: 'Passphrase from variable',
  passphraseFile: 'Passphrase from file',
  registrationId: 'Registration ID',
  modelId: 'Model ID',
  payload: 'Payload',
  caFile: 'Trusted CAs',
  transport: 'Transport',
  timeoutMs: 'Timeout',
  assignmentFile: 'Remembered assignment',
  skipChecks: 'Skipped checks',
};

/** The command `profile show`. */
export async function run({ operands, io, output }: Invocation<typeof flags>): Promise<number> {
  const [path = locate(io.cwd, DEFAULT_PROFILE)] = operands;
  const settings = masked(await readProfile(path)) as Readonly<Record<string, unknown>>;
  output.result({
    json: { profile: path, settings },
    text: ({ bold, dim }) => [
      bold(path),
      ...alignColumns(
        Object.entries(settings).map(([name, value]) => [
          `  ${TITLES[name] ?? name}`,
          `${shown(name, value)}${dim(remark(name, value, io))}`,
        ]),
      ),
    ],
  });
  return EXIT.ok;
}

/** The value without what looks like a secret, however deep it is. */
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

function shown(name: string, value: unknown): string {
  if (name === 'timeoutMs' && typeof value === 'number') return durationText(value);
  if (Array.isArray(value)) return printable(value.join(', '));
  return printable(typeof value === 'string' ? value : JSON.stringify(value));
}

function remark(name: string, value: unknown, { env }: Io): string {
  if (typeof value !== 'string') return '';
  if (name === 'passphraseEnv') return (env[value] ?? '') === '' ? ' (not set)' : ' (set)';
  // It is made when it is first needed.
  if (!name.endsWith('File') || name === 'assignmentFile') return '';
  return existsSync(value) ? '' : ' (not there)';
}
