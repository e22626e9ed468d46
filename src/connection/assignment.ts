import type { DeviceError } from 'azure-iot-certificates';
import { ConnectionError } from '../errors/errors';
import type { Registration } from '../options/registration';
import type { RememberedAssignments } from '../provisioning/assignments/remembered';
import type { Device } from '../provisioning/device';
import type { DpsClient } from '../provisioning/dps-client';
import type { CredentialsKeeper } from './credentials-keeper';
import { isRefusal } from './outage';
import type { ConnectionStatus } from './state';

/** Microsoft's guidance: after about ten failures a device registers again, because it may have been moved. */
const ATTEMPTS_BEFORE_REGISTERING = 10;

/** The objects that an {@link Assignment} asks and tells. */
export interface AssignmentParts {
  readonly dps: Pick<DpsClient, 'register'>;
  readonly credentials: Pick<CredentialsKeeper, 'device'>;
  readonly assignments: Pick<RememberedAssignments, 'load' | 'save'>;
  readonly status: Pick<ConnectionStatus, 'set' | 'reprovisioned'>;
}

/** The hub and the device ID that DPS has assigned, and whether DPS must be asked again. */
export class Assignment {
  readonly #parts: AssignmentParts;
  #current: Registration | undefined;
  /** Where {@link #current} comes from. */
  #source: 'store' | 'dps' = 'dps';
  #isValid = false;
  #isDpsAway = false;
  #generation = 0;

  constructor(parts: AssignmentParts) {
    this.#parts = parts;
  }

  /** The present assignment, once there is one. */
  get current(): Registration | undefined {
    return this.#current;
  }

  /** Counts the assignments, so that a connection made for an earlier one is recognized. */
  get generation(): number {
    return this.#generation;
  }

  /** True if the present assignment is used and comes from the store of an earlier connection. */
  get isRemembered(): boolean {
    return this.#isValid && this.#source === 'store';
  }

  /** True if the present attempt uses the assignment because DPS, which was to be asked, could not be reached. */
  get isDpsAway(): boolean {
    return this.#isDpsAway;
  }

  /** Reads the remembered assignment, if there is one and no newer one. */
  async load(signal: AbortSignal): Promise<void> {
    const remembered = await this.#parts.assignments.load(this.#parts.credentials.device, signal);
    if (!remembered || this.#current) return;
    this.#current = remembered;
    this.#source = 'store';
    this.#isValid = true;
  }

  /** The device registers with DPS before the next attempt. */
  invalidate(): void {
    this.#isValid = false;
  }

  /**
   * An attempt has failed. The device may have been moved when its hub refuses it, has no address, or has failed to
   * answer several times.
   *
   * @param next the number of the next attempt
   */
  failed(error: DeviceError, next: number): void {
    if (isWrongHub(error) || next % ATTEMPTS_BEFORE_REGISTERING === 0) this.invalidate();
  }

  /**
   * The assignment for an attempt to connect. Registers with DPS if that is necessary.
   *
   * @param error the error of the attempt before
   */
  async forAttempt(error: DeviceError | undefined, signal: AbortSignal): Promise<Registration> {
    signal.throwIfAborted();
    const previous = this.#current;
    this.#isDpsAway = false;
    if (previous && this.#isValid) return previous;
    const { dps, credentials, status } = this.#parts;
    status.set({ status: 'provisioning', ...(error && { error }) });
    const generation = this.#generation;
    let current: Registration;
    try {
      current = await dps.register(credentials.device, signal);
    } catch (reason) {
      if (signal.aborted) throw reason;
      if (generation !== this.#generation) return await this.forAttempt(error, signal);
      if (!previous || isRefusal(reason as DeviceError)) throw reason;
      // DPS cannot be reached at present. The hub may be back all the same.
      this.#isValid = true;
      this.#isDpsAway = true;
      return previous;
    }
    if (generation !== this.#generation && current !== this.#current) {
      // Other credentials were registered just before, and these have replaced them at DPS.
      this.invalidate();
      return await this.forAttempt(error, signal);
    }
    this.adopt(current);
    await this.save(credentials.device, current, signal);
    return current;
  }

  /** Uses this assignment from now on. Both who share one registration call this. */
  adopt(current: Registration): void {
    const previous = this.#current;
    this.#isValid = true;
    if (previous === current) return;
    this.#current = current;
    this.#source = 'dps';
    this.#generation += 1;
    if (previous) this.#parts.status.reprovisioned(previous, current);
  }

  async save(device: Device, current: Registration, signal: AbortSignal): Promise<void> {
    await this.#parts.assignments.save(device, current, signal);
  }
}

function isWrongHub(error: DeviceError): boolean {
  return (
    error instanceof ConnectionError &&
    error.service === 'hub' &&
    (error.code === 'UNAUTHORIZED' || error.code === 'HOST_NOT_FOUND')
  );
}
