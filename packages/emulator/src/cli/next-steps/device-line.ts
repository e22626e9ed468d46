import { access } from 'node:fs/promises';
import { basename, dirname, extname, join } from 'node:path';
import type { EnrollmentKind } from 'azure-iot-certificates';
import { commandLine, type Place } from './place';

/** The addresses of a running emulator. */
export interface Status {
  readonly globalEndpoint: string;
  readonly idScope: string;
  /** The root of the servers' certificates, PEM. */
  readonly ca: string;
  readonly hubs: readonly { readonly name: string; readonly hostName: string }[];
  readonly central: readonly { readonly idScope: string; readonly hostName: string }[];
  readonly processId: number;
}

/**
 * The program that acts as a device and makes certificates. It belongs to another package, which npx fetches if it is
 * not installed.
 */
const DEVICE_PROGRAM = ['npx', 'azure-iot-x509'];

/** A line of the device's program that can be copied. */
export function deviceLine(...words: readonly string[]): string {
  return `  ${commandLine(...DEVICE_PROGRAM, ...words)}`;
}

/**
 * The line that connects a device to the emulator.
 *
 * @param credentials the flags that name its certificate and key
 */
export function connectLine(
  enrollment: EnrollmentKind,
  { globalEndpoint, central, ...dps }: Status,
  { caFile }: Place,
  credentials: readonly string[],
): string {
  const { idScope = '' } = enrollment.startsWith('hub-') ? dps : (central[0] ?? {});
  const service = ['--id-scope', idScope, '--endpoint', globalEndpoint, '--ca', caFile];
  return deviceLine('connect', '--enrollment', enrollment, ...credentials, ...service);
}

/** The files that `azure-iot-x509 cert device` writes for a device of a group. The reader replaces the placeholder. */
export const ANY_DEVICE = ['--cert', 'certificates/DEVICE.crt', '--key', 'certificates/DEVICE.key'];

/** The flags of `connect` for the certificate that was given to a command, and for its key. */
export async function credentialFlags(path: string): Promise<readonly string[]> {
  if (/\.(pfx|p12)$/i.test(path)) return ['--pkcs12', path];
  return ['--cert', path, '--key', await keyNextTo(path)];
}

/**
 * The key next to a certificate under the usual name: `pump-1.key` for `pump-1.crt` and `pump-1-chain.crt`. The
 * placeholder `KEY` if there is no such file.
 */
export async function keyNextTo(certificate: string): Promise<string> {
  const name = basename(certificate, extname(certificate)).replace(/-chain$/, '');
  const key = join(dirname(certificate), `${name}.key`);
  const isThere = await access(key).then(
    () => key !== certificate,
    () => false,
  );
  return isThere ? key : 'KEY';
}
