import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { EnrollmentKind } from 'azure-iot-x509';
import type { Emulator } from 'azure-iot-emulator';
import { enrollDevice, type Overrides, type EnrolledDevice } from '../../support/enrolled-device';

/** An enrolled device with its certificate, key and the emulator's root in files, as a command line wants them. */
export interface DeviceFiles {
  readonly enrolled: EnrolledDevice;
  readonly certFile: string;
  readonly keyFile: string;
  readonly caFile: string;
  /** Flags that connect it. */
  readonly flags: readonly string[];
  /** The same flags but the one of that name and its value. */
  without(flag: string): readonly string[];
}

/** A directory for the tests of a file, removed after them. */
export function useDirectory(): { readonly path: string } {
  let path = '';
  beforeAll(() => {
    path = mkdtempSync(join(tmpdir(), 'azure-iot-x509-cli-'));
  });
  afterAll(() => rmSync(path, { recursive: true, force: true }));
  return {
    get path() {
      return path;
    },
  };
}

/** Enrolls a device in the emulator and writes its files into the directory. */
export async function writeDevice(
  directory: string,
  emulator: Emulator,
  kind: EnrollmentKind,
  registrationId: string,
  overrides: Overrides = {},
): Promise<DeviceFiles> {
  const enrolled = await enrollDevice(emulator, kind, registrationId, overrides);
  const write = (name: string, content: string) => {
    const path = join(directory, `${registrationId}${name}`);
    writeFileSync(path, content, { mode: 0o600 });
    return path;
  };
  const certFile = write('.crt', enrolled.device.fullChain);
  const keyFile = write('.key', enrolled.device.privateKey);
  const caFile = write('-servers.pem', emulator.ca);
  const flags = [
    ...['--enrollment', kind],
    ...['--id-scope', enrolled.options.idScope],
    ...['--endpoint', emulator.globalEndpoint],
    ...['--cert', certFile],
    ...['--key', keyFile],
    ...['--ca', caFile],
  ];
  return {
    enrolled,
    certFile,
    keyFile,
    caFile,
    flags,
    without: (flag) => {
      const index = flags.indexOf(flag);
      return flags.filter((_, position) => position !== index && position !== index + 1);
    },
  };
}
