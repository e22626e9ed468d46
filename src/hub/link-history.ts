import type { WireError } from '../errors/wire-error';

/** A link that lasted less than this, in milliseconds, is short-lived. */
const SHORT_MS = 10_000;

/** Counts the short-lived links of a device: how often something happened tells causes apart. */
export class LinkHistory {
  #shortLived = 0;

  /** The number of links in a row, the last one included, that have ended soon after they were made. */
  get shortLived(): number {
    return this.#shortLived;
  }

  /** @param over aborts at the end of the link that was made now */
  watch(over: AbortSignal): void {
    const since = performance.now();
    over.addEventListener(
      'abort',
      () => {
        const { failure } = over.reason as WireError;
        const isShort = performance.now() - since < SHORT_MS && failure.kind !== 'closed';
        this.#shortLived = isShort ? this.#shortLived + 1 : 0;
      },
      { once: true },
    );
  }
}
