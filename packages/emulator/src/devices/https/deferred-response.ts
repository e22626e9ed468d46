import { ServerResponse } from 'node:http';

/** A response that can be kept back, though its service has written it. */
export class WatchedResponse extends ServerResponse {
  #onEnd: ((send: () => void) => void) | undefined;
  #withheld: (() => void)[] | undefined;

  /** Keeps back all that is written. When the service has ended the response, `onEnd` is called with what sends it. */
  withhold(onEnd: (send: () => void) => void): void {
    this.#withheld = [];
    this.#onEnd = onEnd;
  }

  // The overloads of these methods differ in what they leave out; the parameters are passed on as they came.

  override write(...parameters: unknown[]): boolean {
    const write = (): boolean => super.write(...(parameters as [string]));
    if (this.#withheld === undefined) return write();
    this.#withheld.push(write);
    return true;
  }

  override end(...parameters: unknown[]): this {
    const withheld = this.#withheld;
    const end = (): void => void super.end(...(parameters as []));
    if (withheld === undefined) {
      end();
      return this;
    }
    this.#onEnd?.(() => {
      this.#withheld = undefined;
      for (const write of withheld) write();
      end();
    });
    this.#onEnd = undefined;
    return this;
  }

  override flushHeaders(): void {
    if (this.#withheld === undefined) super.flushHeaders();
  }
}
