import type { DisconnectReason, MqttConnection } from '../../devices/mqtt/client';
import type { SubscriptionKind, TopicOwner } from '../messages/topics';
import type { Send } from '../methods/method-calls';
import { HubSession, type ActiveSession, type Subscription } from './hub-session';

/** The stored part of a connection. */
export interface ConnectionRecord {
  /** The subscriptions of a persistent session. */
  readonly subscriptions?: readonly Subscription[];
  readonly connectionStateUpdatedTime?: Date;
  readonly lastActivityTime?: Date;
  readonly modelId?: string;
}

/** A new connection of a device. */
export interface ConnectOptions {
  readonly connection: MqttConnection;
  readonly isClean: boolean;
  /** The model ID that the device announced; `undefined` for none. */
  readonly modelId: string | undefined;
}

interface Waiter {
  readonly kind: SubscriptionKind;
  readonly resolve: () => void;
  readonly timer: NodeJS.Timeout;
}

/** The connection and the session of one device or module. */
export class IdentityConnection {
  readonly #owner: TopicOwner;
  readonly #changed: () => void;
  readonly #waiters = new Set<Waiter>();
  #active: ActiveSession | undefined;
  /** The persistent session of a disconnected device. */
  #kept: HubSession | undefined;
  #connectionStateUpdatedTime: Date | undefined;
  #lastActivityTime: Date | undefined;
  #modelId: string | undefined;

  constructor(owner: TopicOwner, record: ConnectionRecord, changed: () => void) {
    this.#owner = owner;
    this.#changed = changed;
    this.#connectionStateUpdatedTime = record.connectionStateUpdatedTime;
    this.#lastActivityTime = record.lastActivityTime;
    this.#modelId = record.modelId;
    if (record.subscriptions === undefined) return;
    this.#kept = new HubSession(owner, false);
    for (const subscription of record.subscriptions) this.#kept.subscribe(subscription);
  }

  get record(): ConnectionRecord {
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

  /** The present MQTT connection. */
  get mqtt(): MqttConnection | undefined {
    return this.#active?.connection;
  }

  /** Takes over a new connection, and closes the earlier one. Returns whether a session was present. */
  connect({ connection, isClean, modelId }: ConnectOptions): boolean {
    // IoT Hub: a device has one connection; a new one replaces the earlier one.
    this.disconnect('taken-over');
    // A clean session begins without subscriptions [MQTT-3.1.2-6].
    const kept = isClean ? undefined : this.#kept;
    this.#kept = undefined;
    this.#active = { connection, session: kept ?? new HubSession(this.#owner, isClean) };
    this.#modelId = modelId;
    this.#connectionStateUpdatedTime = this.#lastActivityTime = new Date();
    this.#changed();
    return kept !== undefined;
  }

  /** Closes the connection, if there is one. */
  disconnect(reason: DisconnectReason): void {
    this.#active?.connection.close(reason);
  }

  /** Handles the end of a connection. Returns whether it was the present one. */
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

  /** The device's subscription for that kind of message; `undefined` if it is disconnected or has none. */
  subscriptionTo(kind: SubscriptionKind): Subscription | undefined {
    return this.#active?.session.subscriptionTo(kind);
  }

  /** The function that sends messages of that kind; `undefined` if the device is disconnected or not subscribed. */
  sender(kind: SubscriptionKind): Send | undefined {
    const connection = this.#active?.connection;
    if (connection === undefined || this.subscriptionTo(kind) === undefined) return undefined;
    return (topic, payload) => {
      connection.send({ topic, payload, qos: 0 });
    };
  }

  /** Like {@link sender}, but waits for the device to connect and subscribe. */
  async awaitSender(kind: SubscriptionKind, timeoutMs: number): Promise<Send | undefined> {
    if (timeoutMs > 0 && this.sender(kind) === undefined) await this.#wait(kind, timeoutMs);
    return this.sender(kind);
  }

  /** Called after CONNACK or SUBACK, when the device may receive further messages. */
  ready(): void {
    for (const waiter of this.#waiters) {
      if (this.sender(waiter.kind) !== undefined) this.#release(waiter);
    }
  }

  /** Closes the connection, and ends all waiting. */
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
