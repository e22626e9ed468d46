import { stat } from 'node:fs/promises';
import { InvalidOptionsError } from 'azure-iot-certificates/internal';
import type { DeviceError } from 'azure-iot-certificates';
import type { ConnectOptions, CredentialsUpdate } from '../options/types';
import { prepareDevice, type Device } from '../provisioning/device';
import type { ConnectionStatus } from './state';

/** The interval in which the files are checked, in milliseconds. */
const FILE_CHECK_MS = 60_000;
/** The longest delay before a refused certificate is tried again. The delays are 2, 4, 8, … minutes. */
const MAX_RETRY_MINUTES = 64;
const DAY_MS = 86_400_000;
const DEFAULT_EXPIRY_WARNING_DAYS = 30;

/** Keeps the credentials in use, watches their files for changes, and announces the end of the certificate. */
export class CredentialsKeeper {
  readonly #status: Pick<ConnectionStatus, 'warn' | 'credentialsExpiring'>;
  #options: ConnectOptions;
  #device: Device;
  #stamp: string | undefined;
  #announced = -Infinity;
  #timer: NodeJS.Timeout | undefined;
  #stopped = false;
  #refusals = 0;
  #retryAt = Infinity;
  /** True if the caller of connectDevice can have added listeners. */
  #hasListeners = false;
  /** The device with the last accepted credentials; set while the credentials of changed files are tried. */
  #proven: Device | undefined;

  constructor(
    options: ConnectOptions,
    device: Device,
    status: Pick<ConnectionStatus, 'warn' | 'credentialsExpiring'>,
  ) {
    this.#options = options;
    this.#device = device;
    this.#status = status;
  }

  /** The device with the credentials in use. */
  get device(): Device {
    return this.#device;
  }

  /** Remembers the time and size of the files for later checks. */
  async start(): Promise<void> {
    this.#stamp = await this.#stampOfFiles();
  }

  /** True if the credentials are files, which are checked once a minute. */
  get isWatching(): boolean {
    return this.#stamp !== undefined;
  }

  /**
   * Begins to watch the files.
   *
   * @param onChange gets the device with the credentials of changed files
   * @param hurry hastens an attempt to connect, which reads the changed files itself ({@link refresh}), and returns
   *   `true`; returns `false` when there is nothing to hasten
   */
  watch(onChange: (device: Device) => void, hurry: () => boolean = () => false): void {
    if (this.#stopped) return;
    // The connection, or its next attempt, keeps the process alive, and this timer does not.
    this.#timer = setInterval(() => void this.#tick(onChange, hurry), FILE_CHECK_MS).unref();
  }

  /** Begins to announce the end of the certificate, daily. */
  announce(): void {
    // By then the caller of connectDevice can have added listeners.
    setImmediate(() => {
      this.#hasListeners = true;
      this.#announce();
    }).unref();
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
   * Checks the files. If they have changed and hold other usable credentials, uses these from now on and returns
   * `true`. Never rejects: incomplete or wrong files change nothing and cause a warning.
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

  /** Goes back to the credentials that were accepted last. Returns `false` if these are in use already. */
  reject(problem: DeviceError): boolean {
    if (!this.#proven) return false;
    this.use(this.#proven);
    this.#proven = undefined;
    this.postpone(problem);
    return true;
  }

  /**
   * Tries the refused credentials of the files again after a while: the enrollment may be changed later than the files.
   */
  postpone(problem: DeviceError): void {
    this.#refusals += 1;
    this.#retryAt = performance.now() + Math.min(2 ** this.#refusals, MAX_RETRY_MINUTES) * FILE_CHECK_MS;
    this.#status.warn('credentials', problem);
  }

  #use(device: Device, options: ConnectOptions): void {
    this.#device = device;
    this.#options = options;
    this.#status.warn('credentials', undefined);
  }

  async #tick(onChange: (device: Device) => void, hurry: () => boolean): Promise<void> {
    this.#announce();
    if (!this.#isDue(await this.#stampOfFiles()) || hurry()) return;
    const device = await this.#changed();
    if (device && !this.#stopped) onChange(device);
  }

  #isDue(stamp: string | undefined): boolean {
    return stamp !== this.#stamp || performance.now() >= this.#retryAt;
  }

  async #changed(): Promise<Device | undefined> {
    const stamp = await this.#stampOfFiles();
    if (!this.#isDue(stamp)) return undefined;
    if (stamp !== this.#stamp) this.#refusals = 0;
    this.#retryAt = Infinity;
    this.#stamp = stamp;
    try {
      const device = await this.#read(this.#options);
      this.#status.warn('credentials', undefined);
      const isNew = device.material.thumbprint.sha256 !== this.#device.material.thumbprint.sha256;
      return isNew ? device : undefined;
    } catch (reason) {
      const error = reason as DeviceError;
      // A certificate that is not valid yet becomes valid without a change of its file.
      if (error.isTransient) this.#retryAt = performance.now() + FILE_CHECK_MS;
      this.#status.warn('credentials', error);
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

  /** A text that changes when the files change; `undefined` without files. */
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
    if (this.#stopped || !this.#hasListeners) return;
    const notAfter = new Date(this.#device.material.certificate.validTo);
    const now = Date.now();
    const { expiryWarningDays = DEFAULT_EXPIRY_WARNING_DAYS } = this.#options;
    const isNear = notAfter.getTime() - now <= expiryWarningDays * DAY_MS;
    // A clock that was set back must not suppress the event for longer than a day.
    if (!isNear || Math.abs(now - this.#announced) < DAY_MS) return;
    this.#announced = now;
    this.#status.credentialsExpiring(notAfter);
  }
}
