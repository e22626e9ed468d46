import { setTimeout } from 'node:timers/promises';
import type { DeviceConnection } from '../../connection/device-connection';
import { abortable } from '../../network/deadline';
import { CommandError } from '../command-error';
import type { Io } from '../io';
import type { Events } from './events';
import { readLines } from './lines';
import type { Plan } from './plan';
import { receive, report, showTwin } from './receive';
import { Telemetry } from './telemetry';

/** IoT Hub: no message is larger. */
const MAX_LINE_BYTES = 256 * 1024;

/** How a session ended: everything was done, it was stopped before, or the connection was given up. */
export type Ending = 'done' | 'stopped' | 'given-up';

/** What a connected device does: sends what the plan says and shows what comes. */
export class Session {
  readonly #connection: DeviceConnection;
  readonly #plan: Plan;
  readonly #events: Events;
  readonly #io: Io;
  readonly #ending = new AbortController();
  readonly #telemetry: Telemetry;
  /** The reading of the twin and the report; never rejects. */
  #twin: Promise<void> = Promise.resolve();
  #isReporting = false;
  #isReportLost = false;

  constructor(connection: DeviceConnection, plan: Plan, events: Events, io: Io) {
    this.#connection = connection;
    this.#plan = plan;
    this.#events = events;
    this.#io = io;
    this.#telemetry = new Telemetry(connection.client, plan.message, events);
  }

  /** How many messages, the report included, neither arrived nor failed yet. */
  get underWay(): number {
    return this.#telemetry.underWay + (this.#isReporting ? 1 : 0);
  }

  /** How many messages will never arrive. */
  get undelivered(): number {
    return this.#telemetry.undelivered;
  }

  /** Whether the reported properties will never arrive. */
  get isReportLost(): boolean {
    return this.#isReportLost;
  }

  /** Resolves when everything sent so far has arrived or failed. */
  async settled(): Promise<void> {
    await Promise.all([this.#telemetry.settled(), this.#twin]);
  }

  /** Runs until everything is done, the signal of the Io aborts, the time is up or the connection is given up. */
  async run(): Promise<Ending> {
    const { forMs } = this.#plan;
    const { signal } = this.#io;
    const onAbort = () => this.#end('stopped');
    const timer = forMs === undefined ? undefined : globalThis.setTimeout(onAbort, forMs);
    signal.addEventListener('abort', onAbort, { once: true });
    this.#connection.on('state', ({ status }) => {
      if (status === 'closed') this.#end('given-up');
    });
    if (signal.aborted) onAbort();
    if (this.#connection.state.status === 'closed') this.#end('given-up');
    try {
      await abortable(this.#work(), this.#ending.signal);
      return 'done';
    } catch (error) {
      if (this.#ending.signal.aborted) return this.#ending.signal.reason as Ending;
      throw error;
    } finally {
      clearTimeout(timer);
      signal.removeEventListener('abort', onAbort);
      // Whatever ended it: nothing more is read or sent.
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
    this.#sendMessage().catch(() => undefined);
    await this.#sendLines();
    if (!isOnce && !readsInput) await new Promise<never>(() => undefined);
    await this.settled();
  }

  async #sendMessage(): Promise<void> {
    const { telemetry, everyMs } = this.#plan;
    if (telemetry === undefined) return;
    const { signal } = this.#ending;
    this.#telemetry.send(Buffer.from(telemetry));
    while (everyMs !== undefined) {
      await setTimeout(everyMs, undefined, { signal });
      this.#telemetry.send(Buffer.from(telemetry));
    }
  }

  async #sendLines(): Promise<void> {
    if (!this.#plan.readsInput) return;
    for await (const line of readLines(this.#io.stdin, this.#ending.signal, MAX_LINE_BYTES)) {
      if (line === undefined) this.#telemetry.refuse(tooLong());
      else this.#telemetry.send(line);
      await abortable(this.#telemetry.room(), this.#ending.signal);
    }
  }

  /** Reads the twin where it is wanted; reports. What fails is told and does not end the session. */
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
      // Who stops while the twin is being read does not miss it.
      if (this.#isReportLost || !this.#ending.signal.aborted) this.#events.warning(error);
    } finally {
      this.#isReporting = false;
    }
  }
}

function tooLong(): CommandError {
  return new CommandError({
    code: 'LINE_TOO_LONG',
    message: `A line of standard input is longer than ${MAX_LINE_BYTES} bytes, which is more than a message may hold.`,
    remedy: 'Split it into several messages.',
  });
}
