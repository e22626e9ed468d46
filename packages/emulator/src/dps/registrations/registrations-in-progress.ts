import type { Requester } from '../allocation/running-allocations';
import { isAssigning, type Operation } from './operations';

/** The registrations in progress, with their connections. */
export class RegistrationsInProgress {
  readonly #latest = new Map<string, { readonly operation: Operation; readonly requester: Requester }>();

  /**
   * Tells whether the device is registering over another connection that is open and active. A connection that has
   * ended or has been silent for too long does not count.
   */
  isBusy(registrationId: string, requester: Requester | undefined): boolean {
    const latest = this.#latest.get(registrationId.toLowerCase());
    return (
      latest !== undefined &&
      latest.requester !== requester &&
      isAssigning(latest.operation) &&
      latest.requester.isActive()
    );
  }

  add(operation: Operation, requester: Requester): void {
    this.#latest.set(operation.registrationId.toLowerCase(), { operation, requester });
  }

  /** The connection has ended. */
  delete(registrationId: string, requester: Requester): void {
    const key = registrationId.toLowerCase();
    if (this.#latest.get(key)?.requester === requester) this.#latest.delete(key);
  }
}
