import { createInterface } from 'node:readline';
import { setTimeout } from 'node:timers/promises';
import { Message } from 'azure-iot-device';
import type { DeviceConnection } from '../../index';
import { abortable } from '../../network/deadline';
import type { Io } from '../io';
import type { Events } from './events';
import type { Plan } from './plan';
import { receive, report, showTwin } from './receive';

/**
 * The number of messages of standard input that may be under way at once. More lines are read when these have arrived.
 */
const MAX_UNDER_WAY = 100;

/** The end of a session: everything was done, the user stopped it, or the connection was given up. */
type Ending = 'done' | 'stopped' | 'given-up';

/** The work of a connected device: sends the messages of the plan, and shows messages, direct methods and the twin. */
export class Session {
  readonly #connection: DeviceConnection;
  readonly #plan: Plan;
  readonly #events: Events;
  readonly #io: Io;
  readonly #ending = new AbortController();
  /** Messages that neither arrived nor failed yet. None of the promises rejects. */
  readonly #messages = new Set<Promise<void>>();
  /** The reading of the twin and the report; never rejects. */
  #twin: Promise<void> = Promise.resolve();
  #isReporting = false;
  #undelivered = 0;
  #isReportLost = false;

  constructor(connection: DeviceConnection, plan: Plan, events: Events, io: Io) {
    this.#connection = connection;
    this.#plan = plan;
    this.#events = events;
    this.#io = io;
  }

  /** The number of messages, the report included, that have neither arrived nor failed. */
  get underWay(): number {
    return this.#messages.size + (this.#isReporting ? 1 : 0);
  }

  /** The number of messages that have failed. */
  get undelivered(): number {
    return this.#undelivered;
  }

  /** True if the reported properties have failed. */
  get isReportLost(): boolean {
    return this.#isReportLost;
  }

  /** Resolves when everything sent so far has arrived or failed, or after a time in milliseconds. */
  async settled(limitMs?: number): Promise<void> {
    const limit = new AbortController();
    const all = Promise.all([...this.#messages, this.#twin]);
    const timeUp =
      limitMs === undefined ? [] : [setTimeout(limitMs, [], { signal: limit.signal }).catch(() => [])];
    await Promise.race([all, ...timeUp]);
    limit.abort();
  }

  /** Runs until everything is done, the signal of the Io aborts, the time is up or the connection is given up. */
  async run(): Promise<Ending> {
    const { forMs } = this.#plan;
    const { signal } = this.#io;
    const stop = () => this.#end('stopped');
    const timer = forMs === undefined ? undefined : globalThis.setTimeout(stop, forMs);
    signal.addEventListener('abort', stop, { once: true });
    this.#connection.on('state', ({ status }) => {
      if (status === 'closed') this.#end('given-up');
    });
    if (signal.aborted) stop();
    try {
      await abortable(this.#work(), this.#ending.signal);
      return 'done';
    } catch (error) {
      if (this.#ending.signal.aborted) return this.#ending.signal.reason as Ending;
      throw error;
    } finally {
      clearTimeout(timer);
      signal.removeEventListener('abort', stop);
      // Nothing more is read or sent.
      this.#end('done');
    }
  }

  #end(ending: Ending): void {
    this.#ending.abort(ending);
  }

  async #work(): Promise<void> {
    const { isOnce, readsInput } = this.#plan;
    if (!isOnce) receive(this.#connection, this.#plan, this.#events);
    this.#twin = this.#useTwin();
    // Only the end of the session ends its repetition.
    this.#sendTelemetry().catch(() => undefined);
    if (readsInput) await this.#sendLines();
    if (!isOnce && !readsInput) await new Promise<never>(() => undefined);
    await this.settled();
  }

  async #sendTelemetry(): Promise<void> {
    const { telemetry, everyMs } = this.#plan;
    if (telemetry === undefined) return;
    this.#send(telemetry);
    while (everyMs !== undefined) {
      await setTimeout(everyMs, undefined, { signal: this.#ending.signal });
      this.#send(telemetry);
    }
  }

  async #sendLines(): Promise<void> {
    const { signal } = this.#ending;
    for await (const line of createInterface({ input: this.#io.stdin, crlfDelay: Infinity, signal })) {
      if (line.trim() !== '') this.#send(line);
      while (this.#messages.size >= MAX_UNDER_WAY) await abortable(Promise.race(this.#messages), signal);
    }
  }

  /** Sends a message, without waiting for it. */
  #send(body: string): void {
    const delivery = this.#deliver(body).finally(() => this.#messages.delete(delivery));
    this.#messages.add(delivery);
  }

  async #deliver(body: string): Promise<void> {
    const { contentType, properties } = this.#plan.message;
    const message = new Message(body);
    // The SDK sends any; its type knows one.
    message.contentType = contentType as 'application/json';
    message.contentEncoding = 'utf-8';
    for (const [name, value] of properties) message.properties.add(name, value);
    try {
      await this.#connection.client.sendEvent(message);
      this.#events.sent(body);
    } catch (error) {
      this.#undelivered += 1;
      this.#events.undelivered(body, error);
    }
  }

  /** Reads the twin and reports properties, if the plan says so. A failure is shown and does not end the session. */
  async #useTwin(): Promise<void> {
    const { isOnce, report: patch } = this.#plan;
    if (isOnce && patch === undefined) return;
    this.#isReporting = patch !== undefined;
    try {
      const twin = await this.#connection.client.getTwin();
      if (!isOnce) showTwin(twin, this.#events);
      if (patch === undefined) return;
      await report(twin, patch);
      this.#events.reported(patch);
    } catch (error) {
      this.#isReportLost = patch !== undefined;
      // A session that stops while the twin is being read does not miss it.
      if (this.#isReportLost || !this.#ending.signal.aborted) this.#events.warning(error);
    } finally {
      this.#isReporting = false;
    }
  }
}
