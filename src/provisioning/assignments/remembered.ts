import { withDeadline } from '../../network/deadline';
import { FileError, type DeviceError } from 'azure-iot-certificates';
import type { ConnectOptions } from '../../options/types';
import type { Device } from '../device';
import type { Registration } from '../../options/registration';
import { fileAssignmentStore } from './file';
import type { AssignmentKey, AssignmentStore } from '../../options/assignment-store';

/** The store that the options name, if any. */
function assignmentStore(options: ConnectOptions): AssignmentStore | undefined {
  const { assignments, assignmentFile } = options;
  return assignmentFile === undefined ? assignments : fileAssignmentStore(assignmentFile);
}

/** A store that has not answered by then does without. */
const STORE_TIMEOUT_MS = 10_000;

/** A store that never keeps a device from connecting: what it fails with is reported and otherwise ignored. */
export class RememberedAssignments {
  readonly #store: AssignmentStore | undefined;
  readonly #path: string;
  readonly #onProblem: (problem: DeviceError | undefined) => void;

  constructor(options: ConnectOptions, onProblem: (problem: DeviceError | undefined) => void) {
    this.#store = assignmentStore(options);
    this.#path = options.assignmentFile ?? 'assignments';
    this.#onProblem = onProblem;
  }

  async load(device: Device, signal: AbortSignal): Promise<Registration | undefined> {
    return await this.#attempt('read', signal, (store) => store.load(keyOf(device)));
  }

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
      this.#onProblem(undefined);
      return result;
    } catch (cause) {
      this.#onProblem(
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
