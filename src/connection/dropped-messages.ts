import type { Entry } from './entry';

/** The number of links that break under a message before it is sent alone. */
const DROPS_BEFORE_ALONE = 2;
/** The number of links that end in answer to a lone message before another message decides. */
const DROPS_BEFORE_WITNESS = 3;
/** The number of links that end in answer to the only message of the queue before it is rejected. */
const DROPS_WITHOUT_WITNESS = 5;
/** The number of other messages that are answered by a drop, too, before the message is acquitted. */
const WITNESSES = 3;
/**
 * A link that has lived so many times longer than it took to end in answer to a message has not ended by chance, at
 * least not several times in a row.
 */
const LIFE_FACTOR = 10;
/** The bounds of the time that a link must live before a message is sent alone on it, in milliseconds. */
const MIN_LIFE_MS = 1_000;
const MAX_LIFE_MS = 60_000;

/** A message that is sent alone, to find out whether the hub ends the connection because of it. */
export interface Trial {
  readonly entry: Entry;
  /** The time at which it was sent, on the clock of `performance`; `undefined` until then. */
  sentAt: number | undefined;
}

/**
 * Finds the message that the hub answers by ending the connection, as it does for a message that it does not accept: no
 * error names the message. A message under which several links broke is sent alone, on links that have proved to live.
 * If they end in answer to it, another message is sent alone. If the hub acknowledges that one, the first is refused;
 * otherwise the cause is not the message but a quota, throttling or the network.
 */
export class DroppedMessages {
  #failedWitnesses = 0;

  /**
   * The message to send alone before anything else is sent; `undefined` if the next message is not under suspicion.
   *
   * @param next the first message of the queue that is not sent
   */
  trialFor(next: Entry, entries: Iterable<Entry>): Entry | undefined {
    if (next.drops < DROPS_BEFORE_ALONE) return undefined;
    if (next.loneDrops < DROPS_BEFORE_WITNESS) return next;
    return witness(next, entries) ?? next;
  }

  /** A message that was sent alone is acknowledged. Returns the message that the hub refuses, if that is clear now. */
  acknowledged(entry: Entry, first: Entry | undefined): Entry | undefined {
    this.#failedWitnesses = 0;
    return first && first !== entry && isSuspect(first) ? first : undefined;
  }

  /** The peer has ended a link with these messages on their way. */
  dropped(entries: Iterable<Entry>): void {
    for (const entry of entries) entry.drops += 1;
  }

  /**
   * The peer has ended a link that was reserved for a lone message. Returns the message that the hub refuses, if that is
   * clear now.
   *
   * @param livedMs the age of the link when the message was sent, in milliseconds
   */
  droppedAlone({ entry, sentAt }: Trial, livedMs: number, first: Entry, count: number): Entry | undefined {
    if (sentAt === undefined) {
      // The link has ended without the message.
      acquit(first);
      return undefined;
    }
    const answerMs = performance.now() - sentAt;
    const isAnswer = entry.trialAfterMs > 0 && livedMs >= answerMs * LIFE_FACTOR;
    entry.trialAfterMs = Math.min(Math.max(answerMs * LIFE_FACTOR, MIN_LIFE_MS), MAX_LIFE_MS);
    if (entry !== first) {
      entry.loneDrops += 1;
      this.#failedWitnesses += 1;
      if (this.#failedWitnesses < Math.min(WITNESSES, count - 1)) return undefined;
      this.#failedWitnesses = 0;
      acquit(first);
      return undefined;
    }
    if (isAnswer) entry.loneDrops += 1;
    return count === 1 && entry.loneDrops >= DROPS_WITHOUT_WITNESS ? entry : undefined;
  }
}

function isSuspect({ drops, loneDrops }: Entry): boolean {
  return drops >= DROPS_BEFORE_ALONE && loneDrops >= DROPS_BEFORE_WITNESS;
}

function acquit(entry: Entry): void {
  entry.drops = 0;
  entry.loneDrops = 0;
}

/** The message that was least often answered by a drop; the earliest of several. */
function witness(suspect: Entry, entries: Iterable<Entry>): Entry | undefined {
  let best: Entry | undefined;
  for (const entry of entries) {
    if (entry !== suspect && (!best || entry.loneDrops < best.loneDrops)) best = entry;
  }
  return best;
}
