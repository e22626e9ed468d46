import { FileError } from 'azure-iot-certificates/internal';
import type { DeviceError } from 'azure-iot-certificates';
import { withDeadline } from '../../network/deadline';
import type { AssignmentKey, AssignmentStore } from '../../options/assignment-store';
import type { Registration } from '../../options/registration';
import type { ConnectOptions } from '../../options/types';
import type { Device } from '../device';
import { fileAssignmentStore } from './stores';

/** The time-out of one call of a store, in milliseconds. */
const STORE_TIMEOUT_MS = 10_000;

/** Reports the failure of the store, or with `undefined` that it works again. */
interface StoreStatus {
  warn(source: 'assignments', failure: DeviceError | undefined): void;
}

/**
 * The store of assignments that the options name. Its failures are warnings and never keep a device from connecting.
 */
export class RememberedAssignments {
  readonly #store: AssignmentStore | undefined;
  readonly #path: string;
  readonly #status: StoreStatus;

  constructor({ assignments, assignmentFile }: ConnectOptions, status: StoreStatus) {
    this.#store = assignmentFile === undefined ? assignments : fileAssignmentStore(assignmentFile);
    this.#path = assignmentFile ?? 'assignments';
    this.#status = status;
  }

  /** The remembered assignment of the device. Never rejects. */
  async load(device: Device, signal: AbortSignal): Promise<Registration | undefined> {
    return await this.#attempt('read', signal, (store) => store.load(keyOf(device)));
  }

  /** Remembers the assignment of the device. Never rejects. */
  async save(device: Device, registration: Registration, signal: AbortSignal): Promise<void> {
    await this.#attempt('written', signal, (store) => store.save(keyOf(device), registration));
  }

  async #attempt<T>(
    what: string,
    signal: AbortSignal,
    use: (store: AssignmentStore) => Promise<T>,
  ): Promise<T | undefined> {
    if (!this.#store) return undefined;
    try {
      const store = this.#store;
      const onTimeout = () => new Error(`no answer within ${STORE_TIMEOUT_MS / 1000} s`);
      const result = await withDeadline({ timeoutMs: STORE_TIMEOUT_MS, signal, onTimeout }, () => use(store));
      this.#status.warn('assignments', undefined);
      return result;
    } catch (cause) {
      this.#status.warn(
        'assignments',
        new FileError({
          code: what === 'read' ? 'FILE_NOT_READABLE' : 'FILE_NOT_WRITABLE',
          path: this.#path,
          message: `The remembered assignment could not be ${what} (${this.#path}).`,
          remedy:
            'The device works without it and registers at every start. Check that the directory exists and can be written to.',
          cause,
        }),
      );
      return undefined;
    }
  }
}

function keyOf(device: Device): AssignmentKey {
  return {
    idScope: device.idScope,
    globalEndpoint: device.globalEndpoint,
    registrationId: device.registrationId,
    thumbprint: device.material.thumbprint.sha256,
  };
}
