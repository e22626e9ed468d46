import { randomBytes, randomUUID } from 'node:crypto';
import type { RegistrationRecord } from './types';

/** A registration that a device polls for. */
export interface Operation {
  readonly operationId: string;
  readonly record: RegistrationRecord;
  /** How many polls are still answered `assigning`. */
  remainingPolls: number;
}

/** How many operations an instance remembers; how long DPS does is not documented. */
const MAX_OPERATIONS = 10_000;

/** The operations of one DPS instance. They outlive the connection that started them. */
export class OperationStore {
  readonly #operations = new Map<string, Operation>();

  start(record: RegistrationRecord, polls: number): Operation {
    const operationId = `5.${randomBytes(8).toString('hex')}.${randomUUID()}`;
    const operation = { operationId, record, remainingPolls: polls };
    this.#operations.set(operationId, operation);
    const [oldest] = this.#operations.keys();
    if (oldest !== undefined && this.#operations.size > MAX_OPERATIONS) this.#operations.delete(oldest);
    return operation;
  }

  /** The operation, if it is one of this device. */
  find(operationId: string, registrationId: string): Operation | undefined {
    const operation = this.#operations.get(operationId);
    const owner = operation?.record.registrationId.toLowerCase();
    return owner === registrationId.toLowerCase() ? operation : undefined;
  }
}
