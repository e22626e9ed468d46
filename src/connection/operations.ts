import { abortable } from '../network/deadline';
import type { DeviceError } from 'azure-iot-certificates';
import type { HubLink } from '../hub/link';

/** How an operation is carried out and how it fails. */
export interface Operation<T> {
  /** Changes nothing by being repeated, which happens on the next link when this one breaks. */
  run: (link: HubLink) => Promise<T>;
  /** The error when its time is up. */
  onTimeout: () => Error;
}

/**
 * Twin reads and reported properties: each waits for a link, has a deadline, and settles for certain
 * when the connection closes. The SDK has no time-out for any of them.
 */
export class Operations {
  readonly #timeoutMs: number;
  readonly #pending = new Set<AbortController>();
  readonly #waiting = new Set<(link: HubLink) => void>();
  #link: HubLink | undefined;
  #closed: DeviceError | undefined;

  /** @param timeoutMs for each operation, waiting included, in milliseconds */
  constructor(timeoutMs: number) {
    this.#timeoutMs = timeoutMs;
  }

  start(link: HubLink): void {
    this.#link = link;
    for (const proceed of [...this.#waiting]) proceed(link);
  }

  stop(): void {
    this.#link = undefined;
  }

  close(error: DeviceError): void {
    this.#closed = error;
    this.#link = undefined;
    for (const controller of [...this.#pending]) controller.abort(error);
  }

  async perform<T>(operation: Operation<T>): Promise<T> {
    if (this.#closed) throw this.#closed;
    const controller = new AbortController();
    this.#pending.add(controller);
    const timer = setTimeout(() => controller.abort(operation.onTimeout()), this.#timeoutMs);
    try {
      for (;;) {
        const link = await this.#nextLink(controller.signal);
        try {
          return await abortable(abortable(operation.run(link), link.over), controller.signal);
        } catch (error) {
          if (controller.signal.aborted || link.isOpen) throw error;
        }
      }
    } finally {
      clearTimeout(timer);
      this.#pending.delete(controller);
    }
  }

  async #nextLink(signal: AbortSignal): Promise<HubLink> {
    if (this.#link?.isOpen) return this.#link;
    let proceed: ((link: HubLink) => void) | undefined;
    const next = new Promise<HubLink>((resolve) => {
      proceed = resolve;
      this.#waiting.add(resolve);
    });
    try {
      return await abortable(next, signal);
    } finally {
      if (proceed) this.#waiting.delete(proceed);
    }
  }
}
