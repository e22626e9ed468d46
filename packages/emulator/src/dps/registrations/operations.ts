import { randomBytes, randomUUID } from 'node:crypto';
import type { RegistrationRecord } from '../types/dps';

/** A registration that a device polls for. */
export interface Operation {
  readonly operationId: string;
  readonly registrationId: string;
  /** The outcome of the registration; `undefined` while it is in progress. */
  readonly outcome: RegistrationRecord | undefined;
  /** The number of polls that are still answered `assigning`, whatever the outcome. */
  remainingPolls: number;
}

/** An operation whose outcome can still be set. */
export interface PendingOperation extends Operation {
  outcome: RegistrationRecord | undefined;
}

/** The number of operations that an instance remembers. Azure does not document how long DPS remembers one. */
const MAX_OPERATIONS = 10_000;

/** Tells whether a poll is answered `assigning`. */
export function isAssigning({ outcome, remainingPolls }: Operation): boolean {
  return outcome === undefined || remainingPolls > 0;
}

/** The operations of one DPS instance. They outlive the connection that started them. */
export class OperationStore {
  readonly #operations = new Map<string, Operation>();

  start(registrationId: string, polls: number): PendingOperation {
    const operationId = `5.${randomBytes(8).toString('hex')}.${randomUUID()}`;
    const operation = { operationId, registrationId, outcome: undefined, remainingPolls: polls };
    this.#operations.set(operationId, operation);
    const [oldest] = this.#operations.keys();
    if (oldest !== undefined && this.#operations.size > MAX_OPERATIONS) this.#operations.delete(oldest);
    return operation;
  }

  /** The operation, if it is one of this device. */
  find(operationId: string, registrationId: string): Operation | undefined {
    const operation = this.#operations.get(operationId);
    const owner = operation?.registrationId.toLowerCase();
    return owner === registrationId.toLowerCase() ? operation : undefined;
  }

  /** Removes an operation that will not be polled. */
  delete({ operationId }: Operation): void {
    this.#operations.delete(operationId);
  }
}
