import type { HubLink, SendCallback } from '../hub/link';
import type { DroppedMessages, Trial } from './dropped-messages';
import type { Entry } from './entry';
import type { LinkedList } from './linked-list';
import { SendWindow } from './send-window';

/** The time without progress after which a link counts as broken, in milliseconds. */
const PROGRESS_TIMEOUT_MS = 30_000;
/** The longest time for which signs of life stand for the acknowledgement of the oldest message, in milliseconds. */
const MAX_WAITING_MS = 90_000;
/** The bytes in this process that wait for the network, above which nothing more is sent. */
const MAX_BACKLOG_BYTES = 256 * 1024;
/** The largest factor of the time that is allowed for a message on a slow uplink. */
const MAX_PATIENCE = 64;

/** The messages that a {@link Delivery} sends. */
export interface DeliveryQueue {
  readonly entries: LinkedList<Entry>;
  readonly drops: DroppedMessages;
  settle(entry: Entry, error?: Error, result?: Parameters<SendCallback>[1]): void;
  /** Rejects a message that the hub answers by ending the connection. */
  refuse(entry: Entry): void;
}

/** Sends the messages of the outbox over one link, in order, as many at a time as the link takes. */
export class Delivery {
  readonly #queue: DeliveryQueue;
  readonly #link: HubLink;
  readonly #window = new SendWindow();
  readonly #startedAt = performance.now();
  /** The first message that was not given to the link. The messages in front of it are on their way. */
  #next: Entry | undefined;
  /** The message that is sent alone; the others wait meanwhile. */
  #trial: Trial | undefined;
  #trialTimer: NodeJS.Timeout | undefined;
  /** Runs while messages are on their way. */
  #progressTimer: NodeJS.Timeout | undefined;
  /** The time at which the oldest message of that time was acknowledged, on the clock of `performance`. */
  #progressAt = 0;
  /** A later message was acknowledged before the oldest one, which the hub has lost then (MQTT 3.1.1, section 4.6). */
  #isOvertaken = false;
  #isStopped = false;

  constructor(queue: DeliveryQueue, link: HubLink) {
    this.#queue = queue;
    this.#link = link;
  }

  start(): void {
    this.#next = this.#queue.entries.first;
    this.#link.onDrain(() => this.#send());
    this.#send();
  }

  /** A message was added at the end of the queue. */
  added(entry: Entry): void {
    this.#next ??= entry;
    this.#send();
  }

  /** A message is about to leave the queue. */
  leaving(entry: Entry): void {
    if (this.#next === entry) this.#next = entry.next;
    if (this.#trial?.entry !== entry || this.#trial.sentAt !== undefined) return;
    // An earlier link has delivered it.
    this.#endTrial();
    process.nextTick(() => this.#send());
  }

  /** The link is over, or given up for another. Returns the message that the hub refuses, if that is clear now. */
  stop(): Entry | undefined {
    this.#isStopped = true;
    clearTimeout(this.#trialTimer);
    clearTimeout(this.#progressTimer);
    const { entries, drops } = this.#queue;
    const { first } = entries;
    if (!first || !this.#link.isEndedByPeer) return undefined;
    const trial = this.#trial;
    if (trial) return drops.droppedAlone(trial, (trial.sentAt ?? 0) - this.#startedAt, first, entries.size);
    drops.dropped(this.#underWay());
    return undefined;
  }

  /** The last message that is on its way on this link, or was when it ended; `undefined` on another link. */
  lastUnderWay(link: HubLink): Entry | undefined {
    if (link !== this.#link || this.#window.isEmpty) return undefined;
    if (this.#trial) return this.#trial.entry;
    let last: Entry | undefined;
    for (const entry of this.#underWay()) last = entry;
    return last;
  }

  *#underWay(): Generator<Entry> {
    for (const entry of this.#queue.entries) {
      if (entry === this.#next) return;
      yield entry;
    }
  }

  /** Sends what waits, as far as the link takes it now. */
  #send(): void {
    while (this.#next && this.#isReadyFor(this.#next)) {
      const entry = this.#next;
      const suspect = this.#queue.drops.trialFor(entry, this.#queue.entries);
      if (suspect) {
        if (this.#window.isEmpty) this.#beginTrial(suspect);
        return;
      }
      this.#next = entry.next;
      this.#transmit(entry);
    }
  }

  #isReadyFor({ bytes }: Entry): boolean {
    return (
      !this.#isStopped &&
      !this.#trial &&
      this.#link.isOpen &&
      this.#window.hasRoomFor(bytes) &&
      this.#link.backlogBytes < MAX_BACKLOG_BYTES
    );
  }

  #transmit(entry: Entry): void {
    const link = this.#link;
    const used = this.#window.add(entry.bytes);
    entry.sentAt = performance.now();
    try {
      link.send(entry.message, (error, result) => this.#done(entry, used, error, result));
    } catch (error) {
      // A message that cannot be sent now can never be sent.
      this.#window.acknowledged(entry.bytes, used, 0);
      this.#queue.settle(entry, error as Error);
      return;
    }
    entry.allowanceMs = link.allowanceMs;
    this.#progressTimer ??= this.#watch(PROGRESS_TIMEOUT_MS / 2);
  }

  #done(entry: Entry, used: number, error?: Error, result?: Parameters<SendCallback>[1]): void {
    const { entries } = this.#queue;
    // A message that the broken link did not acknowledge is sent again on the next one.
    if (error && !this.#link.isOpen) return;
    const now = performance.now();
    this.#window.acknowledged(entry.bytes, used, now - entry.sentAt);
    if (error?.name === 'TimeoutError') {
      this.#giveUp(entry, PROGRESS_TIMEOUT_MS);
      return;
    }
    if (entry === entries.first) {
      this.#progressAt = now;
      this.#isOvertaken = false;
    } else if (entry.isListed && entry !== this.#trial?.entry) {
      this.#isOvertaken = true;
    }
    let refused: Entry | undefined;
    if (entry === this.#trial?.entry) {
      if (!error) refused = this.#queue.drops.acknowledged(entry, entries.first);
      this.#endTrial();
    }
    this.#queue.settle(entry, error, result);
    if (refused) this.#queue.refuse(refused);
    this.#send();
  }

  #beginTrial(entry: Entry): void {
    this.#trial = { entry, sentAt: undefined };
    const remainingMs = entry.trialAfterMs - (performance.now() - this.#startedAt);
    if (remainingMs <= 0) this.#sendAlone(entry);
    else this.#trialTimer = setTimeout(() => this.#sendAlone(entry), remainingMs).unref();
  }

  #sendAlone(entry: Entry): void {
    // A link that has broken meanwhile has not ended because of the message.
    if (!this.#link.isOpen) return;
    if (this.#next === entry) this.#next = entry.next;
    this.#trial = { entry, sentAt: performance.now() };
    this.#transmit(entry);
  }

  #endTrial(): void {
    clearTimeout(this.#trialTimer);
    this.#trial = undefined;
  }

  #watch(delayMs: number): NodeJS.Timeout {
    // The connection keeps the process alive, as long as there is one.
    return setTimeout(() => this.#checkProgress(), delayMs).unref();
  }

  /**
   * Gives the link up when nothing has shown progress for a while: neither an acknowledgement nor, within limits, a sign
   * of life. Halfway it asks for a sign of life.
   */
  #checkProgress(): void {
    this.#progressTimer = undefined;
    const oldest = this.#oldestUnderWay();
    if (!oldest) return;
    const now = performance.now();
    const since = Math.max(oldest.sentAt, this.#progressAt);
    const heardAt = this.#isOvertaken ? since : Math.max(since, this.#link.heardAt);
    const limitMs = PROGRESS_TIMEOUT_MS + oldest.allowanceMs * oldest.patience;
    const deadline = Math.min(heardAt, since + MAX_WAITING_MS) + limitMs;
    if (now >= deadline) {
      this.#giveUp(oldest, limitMs);
      return;
    }
    const askAt = heardAt + PROGRESS_TIMEOUT_MS / 2;
    if (now >= askAt) this.#link.ping();
    this.#progressTimer = this.#watch((now < askAt ? Math.min(askAt, deadline) : deadline) - now);
  }

  #oldestUnderWay(): Entry | undefined {
    if (this.#window.isEmpty) return undefined;
    const { first } = this.#queue.entries;
    const oldest = this.#trial ? this.#trial.entry : first;
    return oldest === this.#next ? undefined : oldest;
  }

  #giveUp(entry: Entry, limitMs: number): void {
    entry.patience = Math.min(entry.patience * 2, MAX_PATIENCE);
    this.#link.fail({ kind: 'timeout', stage: 'publish', timeoutMs: Math.round(limitMs) });
  }
}
