import { ServerResponse } from 'node:http';

/** A response whose bytes can be deferred after its service has written them. */
export class DeferredResponse extends ServerResponse {
  #onEnd: ((send: () => void) => void) | undefined;
  #deferred: (() => void)[] | undefined;

  /**
   * Defers everything that is written. `onEnd` is called when the service has ended the response, with the function
   * that sends it.
   */
  defer(onEnd: (send: () => void) => void): void {
    this.#deferred = [];
    this.#onEnd = onEnd;
  }

  // The overloads of these methods leave out different parameters. All parameters are passed on unchanged.

  override write(...parameters: unknown[]): boolean {
    const write = (): boolean => super.write(...(parameters as [string]));
    if (this.#deferred === undefined) return write();
    this.#deferred.push(write);
    return true;
  }

  override end(...parameters: unknown[]): this {
    const deferred = this.#deferred;
    const end = (): void => void super.end(...(parameters as []));
    if (deferred === undefined) {
      end();
      return this;
    }
    this.#onEnd?.(() => {
      this.#deferred = undefined;
      for (const write of deferred) write();
      end();
    });
    this.#onEnd = undefined;
    return this;
  }

  override flushHeaders(): void {
    if (this.#deferred === undefined) super.flushHeaders();
  }
}
