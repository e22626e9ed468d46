import type { Duplex } from 'node:stream';
import type { ConnectionLimits } from '../tcp/limits';
import { PacedWriter } from '../tcp/paced-writer';
import type { TcpConnection } from '../tcp/tcp-connection';

/** The number of delayed bytes to the client above which the client's packets are not read. */
const BACKLOG_BYTES = 64 * 1024;

/** The largest number of bytes that are written together: about one TLS record. */
const MAX_CORKED_BYTES = 16 * 1024;

/** The events of a channel. */
export interface ChannelEvents {
  received(bytes: Buffer): void;
  /** Reading goes on. */
  resumed(): void;
  /** The client has ended its side. */
  ended(): void;
  /** The stream is closed. */
  closed(): void;
  failed(error: Error): void;
  /** The client has too many unsent bytes. */
  overflowed(): void;
}

/** The parts of a channel. */
export interface ChannelInit {
  readonly stream: Duplex;
  readonly tcp: TcpConnection;
  readonly limits: ConnectionLimits;
  readonly events: ChannelEvents;
}

/** The bytes of one MQTT connection in both directions, which can be held, delayed, throttled and discarded. */
export class Channel {
  readonly tcp: TcpConnection;
  readonly #stream: Duplex;
  readonly #limits: ConnectionLimits;
  readonly #events: ChannelEvents;
  readonly #writer = new PacedWriter((bytes) => this.#pass(bytes));
  readonly #timers = new Set<NodeJS.Timeout>();
  #closeTimer: NodeJS.Timeout | undefined;
  #holds = 0;
  #bytesPerSecond: number | undefined;
  /** The bytes that will be written together. */
  #corked: Buffer[] | undefined;
  #corkedBytes = 0;
  #discardsIncoming = false;
  #discardsOutgoing = false;
  #isBackedUp = false;

  constructor({ stream, tcp, limits, events }: ChannelInit) {
    this.#stream = stream;
    this.tcp = tcp;
    this.#limits = limits;
    this.#events = events;
    stream.on('data', (chunk: Buffer) => {
      if (!this.#discardsIncoming) events.received(chunk);
    });
    stream.on('drain', () => this.resume());
    stream.on('error', (error) => events.failed(error));
    stream.on('end', () => {
      if (!this.#discardsIncoming) events.ended();
    });
    stream.on('close', () => {
      clearTimeout(this.#closeTimer);
      for (const timer of this.#timers) clearTimeout(timer);
      this.#timers.clear();
      this.#writer.dispose();
      events.closed();
    });
  }

  /** True if packets from the client are not handled at the moment. */
  get isHeld(): boolean {
    return this.#holds > 0 || this.#isBackedUp;
  }

  /** The rate limit of each direction; `undefined` for none. */
  get bytesPerSecond(): number | undefined {
    return this.#bytesPerSecond;
  }

  /** True if nothing is sent to the client any more. */
  get discardsOutgoing(): boolean {
    return this.#discardsOutgoing;
  }

  /** True if everything from the client is discarded, its FIN included. */
  get discardsIncoming(): boolean {
    return this.#discardsIncoming;
  }

  get isClosed(): boolean {
    return this.#stream.destroyed;
  }

  /** Collects what is written from now on. */
  cork(): void {
    this.#corked ??= [];
  }

  /** Writes what was collected. */
  uncork(): void {
    const corked = this.#corked ?? [];
    this.#corked = undefined;
    this.#corkedBytes = 0;
    if (corked.length > 0) this.#pass(Buffer.concat(corked));
  }

  write(bytes: Buffer): void {
    if (!this.#canWrite) return;
    this.#writer.put(bytes);
    this.#watchBacklog();
  }

  /** Sends after the delay. Everything that is sent later waits too. The returned function ends the delay. */
  writeLater(bytes: Buffer, delayMs: number, onWritten: () => void): () => void {
    if (!this.#canWrite) return () => undefined;
    const release = this.#writer.putLater(bytes, delayMs, onWritten);
    this.#watchBacklog();
    return release;
  }

  /** Suspends the handling of packets from the client until the returned function is called. Calls add up. */
  hold(): () => void {
    this.#holds++;
    this.#stream.pause();
    let isHeld = true;
    return () => {
      if (!isHeld) return;
      isHeld = false;
      this.#holds--;
      // Deferred, because the caller may be handling a packet.
      setImmediate(() => this.resume());
    };
  }

  /**
   * Runs `run` after the delay, and handles packets that have arrived since only after it. The returned function ends
   * the delay.
   */
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
    this.#writer.throttle(bytesPerSecond);
  }

  /** The time that this many bytes take at the rate limit, in milliseconds. */
  transferMs(bytes: number): number {
    return this.#bytesPerSecond === undefined ? 0 : (bytes * 1000) / this.#bytesPerSecond;
  }

  /** From now on, everything from the client is discarded. */
  discardIncoming(): void {
    this.#discardsIncoming = true;
    this.#stream.resume();
  }

  /** From now on, nothing is sent to the client, not even a FIN. */
  discardOutgoing(): void {
    this.#discardsOutgoing = true;
    this.#isBackedUp = false;
    this.#writer.dispose();
  }

  /** Continues to read, unless the channel is held or its client does not read. */
  resume(): void {
    this.#events.resumed();
    if (this.#discardsIncoming || (!this.isHeld && !this.#stream.writableNeedDrain)) this.#stream.resume();
  }

  /** Ends the connection when everything is written. A channel that discards its output stays open. */
  end(): void {
    if (this.#discardsOutgoing) return;
    // The stream has to be read to its end for its close to be seen.
    this.discardIncoming();
    this.#writer.whenEmpty(() => {
      this.uncork();
      this.#stream.end();
      this.#closeTimer = setTimeout(() => this.#stream.destroy(), this.#limits.closeTimeoutMs).unref();
    });
  }

  /** Closes the connection at once. A channel that discards its output stays open. */
  destroy(): void {
    if (this.#discardsOutgoing) return;
    this.uncork();
    this.#stream.destroy();
  }

  /** Breaks the connection in any case: with a FIN when everything is written, or with an RST at once. */
  break(how: 'end' | 'reset'): void {
    this.#discardsOutgoing = false;
    if (how === 'end') this.end();
    else this.tcp.reset();
  }

  get #canWrite(): boolean {
    return !this.#discardsOutgoing && this.#stream.writable;
  }

  #watchBacklog(): void {
    const { size } = this.#writer;
    if (size + this.#stream.writableLength > this.#limits.maxUnsentBytes) {
      this.#events.overflowed();
    } else if (size > BACKLOG_BYTES && !this.#isBackedUp) {
      this.#isBackedUp = true;
      if (!this.#discardsIncoming) this.#stream.pause();
      this.#writer.whenEmpty(() => {
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
    // The packets of a client that does not read its answers are not read.
    if (!this.#stream.write(bytes) && !this.#discardsIncoming) this.#stream.pause();
  }
}
