import { HubSession, type ActiveSession, type Subscription } from './hub-session';
import type { SubscriptionKind, TopicOwner } from '../messages/topics';
import type { DisconnectReason, MqttConnection } from '../../devices/mqtt/client';

/** What of a link outlives the emulator. */
export interface LinkRecord {
  /** The subscriptions of a session that the device wants to find again. */
  readonly subscriptions?: readonly Subscription[];
  readonly connectionStateUpdatedTime?: Date;
  readonly lastActivityTime?: Date;
  readonly modelId?: string;
}

/** How a device connects. */
export interface ConnectOptions {
  readonly connection: MqttConnection;
  readonly isClean: boolean;
  /** What the device announced; `undefined` for a device without a model. */
  readonly modelId: string | undefined;
}

/** Sends at QoS 0, as IoT Hub does for methods and twins. */
export type Send = (topic: string, payload: string) => void;

interface Waiter {
  readonly kind: SubscriptionKind;
  readonly resolve: () => void;
  readonly timer: NodeJS.Timeout;
}

/** The connection and the session of one device or module. */
export class Link {
  readonly #owner: TopicOwner;
  readonly #changed: () => void;
  readonly #waiters = new Set<Waiter>();
  #active: ActiveSession | undefined;
  /** The session of a device that is away and wants to find it again. */
  #kept: HubSession | undefined;
  #connectionStateUpdatedTime: Date | undefined;
  #lastActivityTime: Date | undefined;
  #modelId: string | undefined;

  constructor(owner: TopicOwner, record: LinkRecord, changed: () => void) {
    this.#owner = owner;
    this.#changed = changed;
    this.#connectionStateUpdatedTime = record.connectionStateUpdatedTime;
    this.#lastActivityTime = record.lastActivityTime;
    this.#modelId = record.modelId;
    if (record.subscriptions === undefined) return;
    this.#kept = new HubSession(owner, false);
    for (const subscription of record.subscriptions) this.#kept.subscribe(subscription);
  }

  get record(): LinkRecord {
    const session = this.#active?.session ?? this.#kept;
    return {
      ...(session?.isClean === false && { subscriptions: session.subscriptions }),
      ...(this.#connectionStateUpdatedTime && {
        connectionStateUpdatedTime: this.#connectionStateUpdatedTime,
      }),
      ...(this.#lastActivityTime && { lastActivityTime: this.#lastActivityTime }),
      ...(this.#modelId !== undefined && { modelId: this.#modelId }),
    };
  }

  get connectionState(): 'Connected' | 'Disconnected' {
    return this.#active === undefined ? 'Disconnected' : 'Connected';
  }

  get connection(): MqttConnection | undefined {
    return this.#active?.connection;
  }

  /** Takes a new connection, dropping the one before. Tells whether a session was found again. */
  connect({ connection, isClean, modelId }: ConnectOptions): boolean {
    // IoT Hub: one connection a device; the newcomer wins.
    this.disconnect('taken-over');
    // A clean session begins with nothing [MQTT-3.1.2-6].
    const kept = isClean ? undefined : this.#kept;
    this.#kept = undefined;
    this.#active = { connection, session: kept ?? new HubSession(this.#owner, isClean) };
    this.#modelId = modelId;
    this.#connectionStateUpdatedTime = this.#lastActivityTime = new Date();
    this.#changed();
    return kept !== undefined;
  }

  /** Drops the connection, if there is one. */
  disconnect(reason: DisconnectReason): void {
    this.#active?.connection.close(reason);
  }

  /** That connection is gone. Tells whether it was the one that counts. */
  disconnected(connection: MqttConnection): boolean {
    if (this.#active?.connection !== connection) return false;
    const { session } = this.#active;
    this.#active = undefined;
    this.#kept = session.isClean ? undefined : session;
    this.#connectionStateUpdatedTime = new Date();
    this.#changed();
    return true;
  }

  active(): void {
    this.#lastActivityTime = new Date();
  }

  /** @throws ProtocolViolation for a filter that IoT Hub does not have, or one too many. */
  subscribe(subscription: Subscription): void {
    this.#active?.session.subscribe(subscription);
    this.#changed();
  }

  unsubscribe(filter: string): void {
    this.#active?.session.unsubscribe(filter);
    this.#changed();
  }

  /** The device's subscription for that kind of message; `undefined` if it is away or has none. */
  subscriptionTo(kind: SubscriptionKind): Subscription | undefined {
    return this.#active?.session.subscriptionTo(kind);
  }

  /** `undefined` if the device is away or not subscribed. */
  sender(kind: SubscriptionKind): Send | undefined {
    const connection = this.#active?.connection;
    if (connection === undefined || this.subscriptionTo(kind) === undefined) return undefined;
    return (topic, payload) => {
      connection.send({ topic, payload, qos: 0 });
    };
  }

  /** As {@link sender}, after waiting for the device to come. */
  async awaitSender(kind: SubscriptionKind, timeoutMs: number): Promise<Send | undefined> {
    if (timeoutMs > 0 && this.sender(kind) === undefined) await this.#wait(kind, timeoutMs);
    return this.sender(kind);
  }

  /** The device may have become able to receive more: CONNACK or SUBACK has been sent. */
  ready(): void {
    for (const waiter of this.#waiters) {
      if (this.sender(waiter.kind) !== undefined) this.#release(waiter);
    }
  }

  /** Nobody will come any more. */
  dispose(reason: DisconnectReason): void {
    this.disconnect(reason);
    for (const waiter of this.#waiters) this.#release(waiter);
  }

  #wait(kind: SubscriptionKind, timeoutMs: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => this.#release(waiter), timeoutMs).unref();
      const waiter: Waiter = { kind, resolve, timer };
      this.#waiters.add(waiter);
    });
  }

  #release(waiter: Waiter): void {
    clearTimeout(waiter.timer);
    this.#waiters.delete(waiter);
    waiter.resolve();
  }
}
