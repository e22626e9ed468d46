import { access } from 'node:fs/promises';
import { basename, dirname, extname, join, resolve } from 'node:path';
import type { EnrollmentKind } from 'azure-iot-certificates';
import type { Io } from '../io';
import { commandLine } from '../shell';
import type { Status } from './control/operations';
import type { Place } from './place';

/** Which device connects, and where. */
interface Connecting {
  readonly enrollment: EnrollmentKind;
  readonly status: Status;
  readonly place: Place;
  /** The flags that say which certificate and key it has. */
  readonly credentials: readonly string[];
}

/** The line that connects a device to the emulator, as it can be copied into any terminal. */
export function connectLine({ enrollment, status, place, credentials }: Connecting): string {
  const { idScope = '' } = enrollment.startsWith('hub-') ? status : (status.central[0] ?? {});
  const service = ['--id-scope', idScope, '--endpoint', status.globalEndpoint, '--ca', place.caFile];
  return `  ${commandLine('connect', '--enrollment', enrollment, ...credentials, ...service)}`;
}

/** What "cert device" writes for a device; whoever copies the line puts in which. */
export const ANY_DEVICE = ['--cert', 'certificates/DEVICE.crt', '--key', 'certificates/DEVICE.key'];

/** Stands for a key that is not where keys usually are. */
const SOME_KEY = 'KEY';

/** The flags of `connect` for a certificate that was given to a command, and for its key. */
export async function credentialFlags(file: string, { cwd }: Pick<Io, 'cwd'>): Promise<readonly string[]> {
  const path = resolve(cwd, file);
  if (/\.(pfx|p12)$/i.test(path)) return ['--pkcs12', path];
  return ['--cert', path, '--key', (await keyNextTo(path)) ?? SOME_KEY];
}

/** The key that lies next to a certificate under the usual name: `pump-1.key` for `pump-1.crt` and `pump-1-chain.crt`. */
export async function keyNextTo(certificate: string): Promise<string | undefined> {
  const name = basename(certificate, extname(certificate)).replace(/-chain$/, '');
  const key = join(dirname(certificate), `${name}.key`);
  if (key === certificate) return undefined;
  return await access(key).then(
    () => key,
    () => undefined,
  );
}
