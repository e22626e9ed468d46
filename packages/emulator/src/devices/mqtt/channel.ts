import type { Duplex } from 'node:stream';
import type { MqttLimits } from '../tcp/limits';
import type { Link } from '../tcp/tcp-connection';
import { Outlet } from '../tcp/paced-writer';

/** Bytes that may wait for their time before what the client asks is not read any more. */
const BACKLOG_BYTES = 64 * 1024;

/** What is gathered at most to be written together: about a record of TLS. */
const MAX_CORKED_BYTES = 16 * 1024;

/** What a channel tells its session. */
export interface ChannelEvents {
  received(bytes: Buffer): void;
  /** Reading may go on. */
  resumed(): void;
  /** The client has ended its side. */
  ended(): void;
  /** Nothing can come or go any more. */
  closed(): void;
  failed(error: Error): void;
  /** More waits for the client than may. */
  overflowed(): void;
}

/** What a channel is made of. */
export interface ChannelInit {
  readonly stream: Duplex;
  readonly link: Link;
  readonly limits: MqttLimits;
  readonly events: ChannelEvents;
}

/** The bytes of one MQTT connection, in both directions, and what can be done to them. */
export class Channel {
  readonly link: Link;
  readonly #stream: Duplex;
  readonly #limits: MqttLimits;
  readonly #events: ChannelEvents;
  readonly #outlet = new Outlet((bytes) => this.#pass(bytes));
  readonly #timers = new Set<NodeJS.Timeout>();
  #closeTimer: NodeJS.Timeout | undefined;
  #holds = 0;
  #bytesPerSecond: number | undefined;
  /** What is to be written together. */
  #corked: Buffer[] | undefined;
  #corkedBytes = 0;
  #isDeaf = false;
  #isSilent = false;
  #isBackedUp = false;

  constructor({ stream, link, limits, events }: ChannelInit) {
    this.#stream = stream;
    this.link = link;
    this.#limits = limits;
    this.#events = events;
    stream.on('data', (chunk: Buffer) => {
      if (!this.#isDeaf) events.received(chunk);
    });
    stream.on('drain', () => this.resume());
    stream.on('error', (error) => events.failed(error));
    stream.on('end', () => {
      // Who is not heard is not heard to leave, either.
      if (!this.#isDeaf) events.ended();
    });
    stream.on('close', () => {
      clearTimeout(this.#closeTimer);
      for (const timer of this.#timers) clearTimeout(timer);
      this.#timers.clear();
      this.#outlet.dispose();
      events.closed();
    });
  }

  /** Whether nothing that arrives is to be handled for now. */
  get isHeld(): boolean {
    return this.#holds > 0 || this.#isBackedUp;
  }

  /** The limit of the throttle. */
  get bytesPerSecond(): number | undefined {
    return this.#bytesPerSecond;
  }

  get isSilent(): boolean {
    return this.#isSilent;
  }

  /** Whether nothing that the client sends is heard any more, not even that it leaves. */
  get isDeaf(): boolean {
    return this.#isDeaf;
  }

  get isClosed(): boolean {
    return this.#stream.destroyed;
  }

  /** Gathers what is written from now on. */
  cork(): void {
    this.#corked ??= [];
  }

  /** Writes what was gathered. */
  uncork(): void {
    const corked = this.#corked ?? [];
    this.#corked = undefined;
    this.#corkedBytes = 0;
    if (corked.length > 0) this.#pass(Buffer.concat(corked));
  }

  write(bytes: Buffer): void {
    if (!this.#canWrite) return;
    this.#outlet.put(bytes);
    this.#watchBacklog();
  }

  /** Sends after the delay, and so does everything that is sent later. The returned function ends the delay. */
  writeLater(bytes: Buffer, delayMs: number, onWritten: () => void): () => void {
    if (!this.#canWrite) return () => undefined;
    const release = this.#outlet.putLater(bytes, delayMs, onWritten);
    this.#watchBacklog();
    return release;
  }

  /** Suspends the handling of what arrives until the returned function is called. Calls add up. */
  hold(): () => void {
    this.#holds++;
    this.#stream.pause();
    let isHeld = true;
    return () => {
      if (!isHeld) return;
      isHeld = false;
      this.#holds--;
      // What arrived meanwhile is handled later and not within the caller, who is in the middle of something else.
      setImmediate(() => this.resume());
    };
  }

  /** Runs something after the delay, before anything that arrived since. The returned function ends the delay. */
  later(delayMs: number, run: () => void): () => void {
    const release = this.hold();
    const proceed = (): void => {
      clearTimeout(timer);
      if (!this.#timers.delete(timer)) return;
      run();
      release();
    };
    const timer = setTimeout(proceed, delayMs).unref();
    this.#timers.add(timer);
    return proceed;
  }

  /** Limits the rate of each direction; `undefined` for no limit. */
  throttle(bytesPerSecond: number | undefined): void {
    this.#bytesPerSecond = bytesPerSecond;
    this.#outlet.throttle(bytesPerSecond);
  }

  /** How long so many bytes take to arrive at the rate of the throttle, in milliseconds. */
  transferMs(bytes: number): number {
    return this.#bytesPerSecond === undefined ? 0 : (bytes * 1000) / this.#bytesPerSecond;
  }

  /** From now on nothing that the client sends is heard. */
  deafen(): void {
    this.#isDeaf = true;
    this.#stream.resume();
  }

  /** From now on nothing is sent to the client, not even that the connection ends. */
  silence(): void {
    this.#isSilent = true;
    this.#isBackedUp = false;
    this.#outlet.dispose();
  }

  /** Goes on reading, if nothing is against it. */
  resume(): void {
    this.#events.resumed();
    if (this.#isDeaf || (!this.isHeld && !this.#stream.writableNeedDrain)) this.#stream.resume();
  }

  /** Ends the connection when what was sent is on its way. A silent channel stays as it is. */
  end(): void {
    if (this.#isSilent) return;
    // The client's end of the connection has to be read, or else its close would never be seen.
    this.deafen();
    this.#outlet.whenEmpty(() => {
      this.uncork();
      this.#stream.end();
      this.#closeTimer = setTimeout(() => this.#stream.destroy(), this.#limits.closeTimeoutMs).unref();
    });
  }

  /** Drops the connection at once. A silent channel stays as it is. */
  destroy(): void {
    if (this.#isSilent) return;
    // What was answered before was answered.
    this.uncork();
    this.#stream.destroy();
  }

  /** Breaks the connection, also a silent one: with a FIN when what was sent is on its way, or with an RST at once. */
  break(how: 'end' | 'reset'): void {
    this.#isSilent = false;
    if (how === 'end') this.end();
    else this.link.reset();
  }

  get #canWrite(): boolean {
    return !this.#isSilent && this.#stream.writable;
  }

  #watchBacklog(): void {
    const { size } = this.#outlet;
    if (size + this.#stream.writableLength > this.#limits.maxUnsentBytes) {
      this.#events.overflowed();
    } else if (size > BACKLOG_BYTES && !this.#isBackedUp) {
      this.#isBackedUp = true;
      if (!this.#isDeaf) this.#stream.pause();
      this.#outlet.whenEmpty(() => {
        this.#isBackedUp = false;
        this.resume();
      });
    }
  }

  #pass(bytes: Buffer): void {
    if (this.#corked !== undefined && this.#corkedBytes + bytes.length <= MAX_CORKED_BYTES) {
      this.#corked.push(bytes);
      this.#corkedBytes += bytes.length;
      return;
    }
    this.uncork();
    // What the client asks is not read until it has read what it was answered.
    if (!this.#stream.write(bytes) && !this.#isDeaf) this.#stream.pause();
  }
}
