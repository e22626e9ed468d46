import type { Registration } from '../options/registration';
import type { Device } from '../provisioning/device';
import type { Assignment, AssignmentParts } from './assignment';

/** Other credentials for the device. */
export interface Renewal {
  readonly device: Device;
  /** Makes them the credentials in use. */
  commit(): void;
}

/** The connection that a renewal changes. */
export interface RenewedConnection {
  readonly isOpen: boolean;
  /**
   * Connects the device to the hub, calls `adopt`, and then closes the present connection. If it cannot connect, the
   * present connection stays.
   */
  replace(device: Device, registration: Registration, adopt: () => void): Promise<void>;
  /** Ends the pause before the next attempt. */
  hurry(): void;
}

/** Registrations on demand, with the same or other credentials. They run one after the other. */
export class Renewals {
  readonly #parts: Pick<AssignmentParts, 'dps' | 'credentials'>;
  readonly #assignment: Assignment;
  readonly #connection: RenewedConnection;
  readonly #closing: AbortSignal;
  /** The last one of the queue. Never rejects. */
  #last: Promise<unknown> = Promise.resolve();
  /** The one without other credentials that waits or is under way. */
  #reprovisioning: Promise<Registration> | undefined;

  constructor(
    parts: Pick<AssignmentParts, 'dps' | 'credentials'>,
    assignment: Assignment,
    connection: RenewedConnection,
    closing: AbortSignal,
  ) {
    this.#parts = parts;
    this.#assignment = assignment;
    this.#connection = connection;
    this.#closing = closing;
  }

  /** Resolves when none is under way. Never rejects. */
  async settled(): Promise<void> {
    await this.#last;
  }

  /**
   * Registers, with the renewed credentials if there are any. If the credentials or the assignment have changed,
   * connects again and then closes the present connection. If anything fails, the present connection stays. Without a
   * connection the next attempt uses the new credentials and the new assignment.
   */
  async renew(renewal?: Renewal): Promise<Registration> {
    if (renewal) return await this.#queue(renewal);
    this.#reprovisioning ??= this.#queue(undefined).finally(() => (this.#reprovisioning = undefined));
    return await this.#reprovisioning;
  }

  #queue(renewal: Renewal | undefined): Promise<Registration> {
    const turn = this.#last.then(() => this.#renew(renewal));
    this.#last = turn.catch(() => undefined);
    return turn;
  }

  async #renew(renewal: Renewal | undefined): Promise<Registration> {
    this.#closing.throwIfAborted();
    const { dps, credentials } = this.#parts;
    const { device } = renewal ?? credentials;
    const current = await dps.register(device, this.#closing);
    const previous = this.#assignment.current;
    const adopt = () => {
      renewal?.commit();
      this.#assignment.adopt(current);
    };
    if (!this.#connection.isOpen) {
      adopt();
      this.#connection.hurry();
    } else if (renewal || !previous || !isSameAssignment(previous, current)) {
      await this.#connection.replace(device, current, adopt);
    } else {
      adopt();
    }
    await this.#assignment.save(credentials.device, current, this.#closing);
    return current;
  }
}

function isSameAssignment(one: Registration, other: Registration): boolean {
  return one.assignedHub === other.assignedHub && one.deviceId === other.deviceId;
}
