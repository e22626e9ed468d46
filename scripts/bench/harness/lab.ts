import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createSelfSignedCertificate } from 'azure-iot-certificates';

/** A device's certificate, made before anything is measured. */
export interface DeviceFiles {
  readonly registrationId: string;
  /** PEM. */
  readonly certificate: string;
  readonly certFile: string;
  readonly keyFile: string;
}

/** The directory of the bench's files, and the devices that take part. */
export class Lab implements AsyncDisposable {
  readonly directory: string;
  readonly #devices: Promise<DeviceFiles>[] = [];
  #files = 0;

  private constructor(directory: string) {
    this.directory = directory;
  }

  static async open(): Promise<Lab> {
    return new Lab(await mkdtemp(join(tmpdir(), 'azure-iot-x509-bench-')));
  }

  /** So many devices with P-256 keys. Each is made once. */
  devices(count: number): Promise<DeviceFiles[]> {
    while (this.#devices.length < count) this.#devices.push(this.#makeDevice(this.#devices.length + 1));
    return Promise.all(this.#devices.slice(0, count));
  }

  /** A path that no other file has. */
  path(name: string): string {
    this.#files += 1;
    return join(this.directory, `${this.#files}-${name}`);
  }

  /** Writes a file that no other part of the bench has; answers its path. */
  async write(name: string, content: string): Promise<string> {
    const path = this.path(name);
    await writeFile(path, content, { mode: 0o600 });
    return path;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.directory, { recursive: true, force: true });
  }

  async #makeDevice(number: number): Promise<DeviceFiles> {
    const registrationId = `device-${number}`;
    const issued = await createSelfSignedCertificate({ commonName: registrationId });
    const certFile = await this.write(`${registrationId}.crt`, issued.certificate);
    const keyFile = await this.write(`${registrationId}.key`, issued.privateKey);
    return { registrationId, certificate: issued.certificate, certFile, keyFile };
  }
}
