import { stat } from 'node:fs/promises';
import { InvalidOptionsError, type DeviceError } from 'azure-iot-certificates';
import type { ConnectOptions, CredentialsUpdate } from '../options/types';
import { prepareDevice, type Device } from '../provisioning/device';

/** How often the files are looked at while the connection is up, in milliseconds. */
const FILE_CHECK_MS = 60_000;
/** Between two tries with a renewed certificate that was refused: 2, 4, 8, … minutes, and no more than this. */
const MAX_RETRY_MINUTES = 64;
const DAY_MS = 86_400_000;

export interface CredentialsKeeperOptions {
  options: ConnectOptions;
  device: Device;
  /** Days before the end of the certificate from which on it is announced, once a day. */
  expiryWarningDays: number;
  /** The certificate ends then. */
  onExpiring: (notAfter: Date) => void;
  /** What keeps changed files from being used; `undefined` when nothing does any more. */
  onProblem: (problem: DeviceError | undefined) => void;
  /** The files have changed while the connection is up. */
  onChange: (device: Device) => void;
}

/** Keeps the credentials in use, notices when their files change, and when their end comes near. */
export class CredentialsKeeper {
  readonly #settings: CredentialsKeeperOptions;
  #options: ConnectOptions;
  #device: Device;
  #stamp: string | undefined;
  #announced = -Infinity;
  #timer: NodeJS.Timeout | undefined;
  #stopped = false;
  #refusals = 0;
  #retryAt = Infinity;
  /** What to go back to while credentials from changed files are tried. */
  #proven: Device | undefined;

  constructor(settings: CredentialsKeeperOptions) {
    this.#settings = settings;
    this.#options = settings.options;
    this.#device = settings.device;
  }

  /** The device with the credentials in use. */
  get device(): Device {
    return this.#device;
  }

  /** Remembers how the files look now: what they hold later is compared with it. */
  async start(): Promise<void> {
    this.#stamp = await this.#stampOfFiles();
  }

  /** Begins to watch the files and the calendar. */
  watch(): void {
    if (this.#stopped) return;
    // Neither keeps the process alive: that is for the connection to do.
    this.#timer = setInterval(() => void this.#tick(), FILE_CHECK_MS).unref();
    // Not before the caller of connectDevice has had the opportunity to listen.
    setImmediate(() => this.#announce()).unref();
  }

  stop(): void {
    this.#stopped = true;
    clearInterval(this.#timer);
  }

  /**
   * Reads and checks other credentials for the same device, without using them yet.
   *
   * @throws {@link CredentialsError}, {@link InvalidOptionsError}
   */
  async prepare(update: CredentialsUpdate): Promise<{ device: Device; commit: () => void }> {
    const { cert, certFile, key, keyFile, chain, chainFile, passphrase, ...rest } = this.#options;
    const options = { ...rest, ...update };
    const device = await this.#read(options);
    return { device, commit: () => this.#use(device, options) };
  }

  /**
   * Looks at the files; when they have changed and hold something else that is usable, uses it from now on and answers
   * `true`. Never rejects: files that are half written, or wrong, leave everything as it is and are reported.
   */
  async refresh(): Promise<boolean> {
    const device = await this.#changed();
    if (device) {
      this.#proven ??= this.#device;
      this.use(device);
    }
    return device !== undefined;
  }

  /** Uses credentials that were read from the same files. */
  use(device: Device): void {
    this.#use(device, this.#options);
  }

  /** The credentials in use were accepted. */
  accepted(): void {
    this.#proven = undefined;
  }

  /** Goes back to the credentials that were accepted last, if the ones in use have not been; answers whether it does. */
  reject(problem: DeviceError): boolean {
    if (!this.#proven) return false;
    this.use(this.#proven);
    this.#proven = undefined;
    this.postpone(problem);
    return true;
  }

  /** What the files hold was refused; the enrollment may follow them, so it is tried again after a while. */
  postpone(problem: DeviceError): void {
    this.#refusals += 1;
    this.#retryAt = performance.now() + Math.min(2 ** this.#refusals, MAX_RETRY_MINUTES) * FILE_CHECK_MS;
    this.#settings.onProblem(problem);
  }

  #use(device: Device, options: ConnectOptions): void {
    this.#device = device;
    this.#options = options;
    this.#settings.onProblem(undefined);
  }

  async #tick(): Promise<void> {
    this.#announce();
    const device = await this.#changed();
    if (device && !this.#stopped) this.#settings.onChange(device);
  }

  async #changed(): Promise<Device | undefined> {
    const stamp = await this.#stampOfFiles();
    if (stamp === this.#stamp && performance.now() < this.#retryAt) return undefined;
    if (stamp !== this.#stamp) this.#refusals = 0;
    this.#retryAt = Infinity;
    this.#stamp = stamp;
    try {
      const device = await this.#read(this.#options);
      this.#settings.onProblem(undefined);
      const isNew = device.material.thumbprint.sha256 !== this.#device.material.thumbprint.sha256;
      return isNew ? device : undefined;
    } catch (error) {
      this.#settings.onProblem(error as DeviceError);
      return undefined;
    }
  }

  async #read(options: ConnectOptions): Promise<Device> {
    const device = await prepareDevice(options);
    const { registrationId } = this.#device;
    if (device.registrationId.toLowerCase() === registrationId.toLowerCase()) return device;
    throw new InvalidOptionsError([
      {
        option: options.certFile === undefined ? 'cert' : 'certFile',
        message: `is made for ${device.registrationId}, and this connection is that of ${registrationId}.`,
        remedy: 'Keep the common name (CN) when a certificate is renewed, or open another connection.',
      },
    ]);
  }

  /** Tells one content of the files from another; `undefined` without files. */
  async #stampOfFiles(): Promise<string | undefined> {
    const { certFile, keyFile, chainFile } = this.#options;
    const files = [certFile, keyFile, chainFile].filter((file) => file !== undefined);
    if (files.length === 0) return undefined;
    const stamps = await Promise.all(
      files.map((file) =>
        stat(file).then(
          ({ mtimeMs, size, ino }) => `${mtimeMs}/${size}/${ino}`,
          () => 'missing',
        ),
      ),
    );
    return stamps.join(' ');
  }

  #announce(): void {
    if (this.#stopped) return;
    const notAfter = new Date(this.#device.material.certificate.validTo);
    const now = Date.now();
    const isNear = notAfter.getTime() - now <= this.#settings.expiryWarningDays * DAY_MS;
    // A clock that was set back must not silence it for longer than a day either.
    if (!isNear || Math.abs(now - this.#announced) < DAY_MS) return;
    this.#announced = now;
    this.#settings.onExpiring(notAfter);
  }
}
