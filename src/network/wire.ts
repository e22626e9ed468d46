import { EventEmitter, setMaxListeners } from 'node:events';
import { types } from 'node:util';
import type { Duplex } from 'node:stream';
import createDebug from 'debug';
import type { IClientOptions, IClientPublishOptions, IClientSubscribeOptions, MqttClient } from 'mqtt';
import { Flow } from './flow';
import { IncomingMessages, type IncomingMessage } from './incoming-messages';
import { KeepAlive } from './keep-alive';
import { openSession } from './sdk-mqtt-client';
import type { ClientIdentity } from './secure-context';
import { openStream, type StreamOptions } from './stream';
import { Traffic } from './traffic';
import { ProxyError } from './tunnel';
import { WireError, type LossFacts, type WireFailure, type WireStage } from '../errors/wire-error';

const debug = createDebug('azure-iot-x509:wire');

/**
 * The time-out of name resolution, TCP, TLS and CONNACK together, and that of one SUBACK or UNSUBACK. Both are below
 * the 30 s of the SDK, whose error does not name the cause.
 */
const CONNECT_TIMEOUT_MS = 25_000;
const SUBSCRIBE_TIMEOUT_MS = 25_000;

/** Settings of one connection. */
export interface WireOptions extends Pick<StreamOptions, 'ca' | 'proxy'> {
  keepAliveSeconds: number;
  /** The time-out of name resolution, TCP, TLS and CONNACK together, in milliseconds. Default 25 000. */
  connectTimeoutMs?: number;
  /** The time-out of a SUBACK or UNSUBACK, in milliseconds. Default 25 000. */
  subscribeTimeoutMs?: number;
  /**
   * If true, UNSUBSCRIBE is not sent, because only the end of the session follows it. The round trip would cost time,
   * and would never end with a server that does not answer any more.
   */
  endsWithSession?: boolean | undefined;
  /**
   * If true, a refused subscription ends the connection, because nothing could come without it. Otherwise it is the
   * error of that subscription alone. Default false.
   */
  needsSubscriptions?: boolean | undefined;
  /**
   * Gets every incoming message before the SDK does, and returns the message that the SDK may see, if any. An exception
   * ends the connection as a violation of the protocol.
   */
  filter?: ((topic: string, payload: Buffer) => IncomingMessage | undefined) | undefined;
}

/** The part of MQTT.js's options that the SDK sets. */
type SdkConnectOptions = Omit<IClientOptions, 'cert' | 'key'> & {
  cert: string;
  key: string;
  passphrase?: string;
};
type Callback = (error?: Error, result?: unknown) => void;

/** The time that `end` waits for the DISCONNECT packet to be sent. */
const DISCONNECT_FLUSH_MS = 500;
/** The message of `ws` for a web server that refused the WebSocket handshake. */
const REFUSED_UPGRADE = /^Unexpected server response: (\d{3})$/;
/** The errors of a connection that the other side has ended, and the stages at which there is a connection. */
const RESETS: readonly string[] = ['ECONNRESET', 'EPIPE', 'ECONNABORTED'];
const SECURED_STAGES: readonly WireStage[] = ['tls', 'upgrade', 'connack'];
/** MQTT 3.1.1, section 3.4. */
const puback = (messageId: number) => Buffer.from([0x40, 0x02, messageId >> 8, messageId & 0xff]);
/** MQTT 3.1.1, section 3.12. */
const PINGREQ_PACKET = Buffer.from([0xc0, 0x00]);
/** MQTT 3.1.1, section 3.14. */
const DISCONNECT_PACKET = Buffer.from([0xe0, 0x00]);
const SUBSCRIPTION_FAILURE = 0x80;

/**
 * One MQTT connection under the SDK, in place of the MQTT.js module that `MqttBase` would load: MQTT.js does the
 * protocol, and this class keeps the promises that the SDK relies on. Every callback of `publish`, `subscribe`,
 * `unsubscribe` and `end` is called exactly once, at the latest when the connection fails, with the raw cause; `end`
 * never waits for acknowledgements that cannot come; a refused subscription is an error; acknowledgements carry no
 * payload (the SDK would turn it into JSON for its log).
 *
 * An instance serves one connection and is not used again.
 */
export class Wire extends EventEmitter {
  readonly #options: WireOptions;
  readonly #pending = new Set<Callback>();
  readonly #over = new AbortController();
  #client: MqttClient | undefined;
  #stream: Duplex | undefined;
  #stage: WireStage = 'connect';
  #traffic: Traffic | undefined;
  #connectTimer: NodeJS.Timeout | undefined;
  #connected = false;
  #error: WireError | undefined;
  #flow: Flow | undefined;
  #keepAlive: KeepAlive | undefined;
  #held: IncomingMessages | undefined;
  /** The topic filters of the SUBSCRIBE packets that were not answered, in the order in which they were sent. */
  readonly #unanswered = new Set<string>();

  constructor(options: WireOptions) {
    super();
    this.#options = options;
    // Every operation under way listens to the end of the connection.
    setMaxListeners(0, this.#over.signal);
  }

  /** Aborts when the connection is over, for whatever reason; its reason is the `WireError`. */
  get over(): AbortSignal {
    return this.#over.signal;
  }

  /** The answer that the connection waits for until the CONNACK. */
  get waitingFor(): WireStage {
    return this.#stage;
  }

  /** The error that ended the connection; `undefined` while the connection is open. */
  get error(): WireError | undefined {
    return this.#error;
  }

  /** The time of the last sign of life of the server, on the clock of `performance`; 0 before CONNACK. */
  get heardAt(): number {
    return this.#keepAlive?.heardAt ?? 0;
  }

  /**
   * The topic filter of the first SUBSCRIBE packet that was not answered yet, or that was never answered if the
   * connection is over. A server handles packets in order, so it may have ended the connection because of this one.
   */
  get unanswered(): string | undefined {
    const [first] = this.#unanswered;
    return first;
  }

  /** The time that all unacknowledged messages may take on a slow uplink, in milliseconds. */
  get allowanceMs(): number {
    return this.#flow?.allowanceMs ?? 0;
  }

  /** The bytes that wait in this process for the network. The event `drain` is emitted when none is left. */
  get backlogBytes(): number {
    return this.#stream?.writableLength ?? 0;
  }

  /** Lets only messages of these topics through; see {@link IncomingMessages.accept}. */
  accept(accepts: (topic: string) => boolean): void {
    this.#incoming.accept(accepts);
  }

  /** Asks the server for a sign of life. */
  ping(): void {
    this.#keepAlive?.ping();
  }

  get #incoming(): IncomingMessages {
    this.#held ??= new IncomingMessages({
      deliver: ({ topic, payload }) => this.emit('message', topic, payload),
      acknowledge: (messageId) => this.#write(puback(messageId)),
    });
    return this.#held;
  }

  #write(packet: Buffer): void {
    if (!this.#error) this.#stream?.write(packet);
  }

  /**
   * Opens the stream ahead of `connect`, which then uses it: TCP and TLS get under way while the SDK is still being
   * loaded. Never throws; `over` and `connect` report failures.
   */
  dial(uri: string, identity: ClientIdentity): void {
    if (this.#stream || this.#error) return;
    const { connectTimeoutMs = CONNECT_TIMEOUT_MS, keepAliveSeconds, ca, proxy } = this.#options;
    this.#connectTimer = setTimeout(() => {
      this.fail({ kind: 'timeout', stage: this.#stage, timeoutMs: connectTimeoutMs, proxy: proxy?.name });
    }, connectTimeoutMs);
    try {
      const stream = openStream(
        uri,
        { identity, ca, proxy, tcpKeepAliveMs: keepAliveSeconds * 500 },
        (stage) => {
          debug('%s: waiting for %s', uri, stage);
          this.#stage = stage;
        },
      );
      this.#stream = stream;
      // Added before MQTT.js listens to the stream, which would settle what is pending with an error that the SDK
      // swallows.
      stream.on('error', (error: Error & { code?: string }) => this.fail(this.#classify(error)));
      stream.on('close', () => this.fail({ kind: 'lost', facts: this.#facts }));
    } catch (error) {
      this.#failLocally(error);
    }
  }

  /**
   * `MqttBase` calls this in place of `mqtt.connect`. Never throws: an exception of `tls.connect` becomes an `error`
   * event.
   */
  connect(uri: string, options: SdkConnectOptions): this {
    this.dial(uri, options);
    try {
      if (this.#stream && !this.#client && !this.#error) {
        this.#client = this.#createClient(this.#stream, options);
        return this;
      }
    } catch (error) {
      this.#failLocally(error);
    }
    // The SDK connects again by itself when it is used after a drop; this wire stays closed.
    const error = this.#error ?? new WireError({ kind: 'lost' });
    // MqttBase adds its listeners after this method has returned.
    process.nextTick(() => {
      if (this.listenerCount('error') > 0) this.emit('error', error);
    });
    return this;
  }

  #failLocally(error: unknown): void {
    this.fail({ kind: 'socket', error: types.isNativeError(error) ? error : new Error(String(error)) });
  }

  get #facts(): LossFacts {
    if (!this.#traffic) return { stage: this.#stage, unacknowledged: 0 };
    return { ...this.#traffic.facts, subscribing: this.unanswered };
  }

  #classify(error: Error & { code?: string }): WireFailure {
    if (error instanceof ProxyError) return { kind: 'proxy', ...error.failure };
    const [, status] = REFUSED_UPGRADE.exec(error.message) ?? [];
    if (status !== undefined) return { kind: 'http', status: Number(status) };
    const facts = this.#facts;
    const isEstablished = facts.stage === undefined || SECURED_STAGES.includes(facts.stage);
    if (isEstablished && RESETS.includes(error.code ?? '')) return { kind: 'lost', facts, error };
    // Writing to a WebSocket that has just closed fails without a code.
    return this.#connected && !error.code ? { kind: 'lost', facts } : { kind: 'socket', error };
  }

  #createClient(stream: Duplex, options: SdkConnectOptions): MqttClient {
    const { keepAliveSeconds, connectTimeoutMs = CONNECT_TIMEOUT_MS } = this.#options;
    // Only the stream gets the credentials; MQTT.js does not need them.
    const { cert, key, passphrase, ...mqttOptions } = options;
    stream.on('data', () => this.#keepAlive?.heard());
    stream.on('drain', () => this.emit('drain'));
    return openSession(
      stream,
      {
        ...mqttOptions,
        keepalive: keepAliveSeconds,
        // Above our own limit, so that our timer fires first and names the stage.
        connectTimeout: connectTimeoutMs * 2,
      },
      {
        onConnect: (connack) => this.#onConnect(connack),
        onMessage: (message, messageId) => this.#onMessage(message, messageId),
        onFailure: (failure) =>
          this.fail(failure.kind === 'socket' ? this.#classify(failure.error) : failure),
      },
    );
  }

  #onConnect(connack: unknown): void {
    clearTimeout(this.#connectTimer);
    this.#connectTimer = undefined;
    this.#connected = true;
    this.#flow = new Flow();
    this.#traffic = new Traffic();
    this.#keepAlive = new KeepAlive({
      keepAliveSeconds: this.#options.keepAliveSeconds,
      ping: () => this.#write(PINGREQ_PACKET),
      allowanceMs: () => this.allowanceMs,
      onDead: (timeoutMs) => this.fail({ kind: 'timeout', stage: 'ping', timeoutMs }),
    });
    this.emit('connect', connack);
  }

  #onMessage(incoming: IncomingMessage, messageId: number | undefined): void {
    if (this.#error) return;
    const { filter } = this.#options;
    try {
      const message = filter ? filter(incoming.topic, incoming.payload) : incoming;
      if (message) this.#incoming.receive({ ...message, messageId });
    } catch (error) {
      this.fail({ kind: 'protocol', detail: (error as Error).message });
    }
  }

  publish(
    topic: string,
    payload: string | Buffer,
    options: IClientPublishOptions,
    callback?: Callback,
  ): this {
    const client = this.#client;
    const settle = this.#track(callback);
    if (client && settle) {
      const isAcknowledged = options.qos === 1;
      this.#traffic?.messageSent(isAcknowledged);
      // A string may have more bytes than characters; the time that is allowed is no measurement.
      const acknowledged = this.#flow?.sent(payload.length + topic.length);
      client.publish(topic, payload, options, (error) => {
        acknowledged?.();
        if (isAcknowledged) this.#traffic?.messageAcknowledged();
        settle(error, { cmd: 'puback' });
      });
    }
    return this;
  }

  subscribe(topic: string, options: IClientSubscribeOptions, callback?: Callback): this {
    const client = this.#client;
    const settle = this.#track(callback, 'subscribe');
    if (client && settle) {
      this.#unanswered.add(topic);
      client.subscribe(topic, options, (error: Error | null, granted) => {
        if (this.#error) return;
        this.#unanswered.delete(topic);
        // MQTT.js counts a refused subscription as made.
        const isRefused = !error && granted.some(({ qos }) => qos >= SUBSCRIPTION_FAILURE);
        const refusal = { kind: 'subscription-refused', topic } as const;
        if (isRefused && this.#options.needsSubscriptions) this.fail(refusal);
        else settle(isRefused ? new WireError(refusal) : (error ?? undefined), granted);
      });
    }
    return this;
  }

  unsubscribe(topic: string, callback?: Callback): this {
    const client = this.#client;
    if (this.#options.endsWithSession) {
      if (callback) process.nextTick(callback);
      return this;
    }
    const settle = this.#track(callback, 'unsubscribe');
    if (client && settle) client.unsubscribe(topic, (error?: Error) => settle(error));
    return this;
  }

  /**
   * Sends DISCONNECT and closes. Everything pending settles with an error; `callback` is called when the socket is
   * gone.
   */
  end(_force: boolean, callback?: () => void): this {
    const stream = this.#stream;
    const done = () => {
      if (callback) process.nextTick(callback);
    };
    if (this.#error || !stream || !this.#connected) {
      this.fail({ kind: 'closed' });
      done();
      return this;
    }
    // Without DISCONNECT the server would publish the will. A dead link must not delay the end.
    const timer = setTimeout(() => this.fail({ kind: 'closed' }), DISCONNECT_FLUSH_MS);
    stream.write(DISCONNECT_PACKET, () => this.fail({ kind: 'closed' }));
    this.over.addEventListener(
      'abort',
      () => {
        clearTimeout(timer);
        done();
      },
      { once: true },
    );
    return this;
  }

  /** Ends the connection at once and settles everything pending with the reason. The first reason counts. */
  fail(failure: WireFailure): void {
    if (this.#error) return;
    const error = new WireError(failure);
    debug('over: %s', error.message);
    this.#error = error;
    clearTimeout(this.#connectTimer);
    this.#keepAlive?.stop();
    for (const settle of [...this.#pending]) settle(error);
    this.#client?.end(true);
    this.#stream?.destroy();
    // MqttBase listens to `error` until it is connected, and from then on to both.
    const event = this.#connected ? 'close' : 'error';
    if (this.listenerCount(event) > 0) this.emit(event, error);
    this.#over.abort(error);
  }

  /** Wraps a callback so that it is called exactly once. Returns `undefined` when the connection is already over. */
  #track(callback: Callback | undefined, stage?: WireStage): Callback | undefined {
    const { subscribeTimeoutMs = SUBSCRIBE_TIMEOUT_MS } = this.#options;
    const over = this.#error ?? (this.#client ? undefined : new WireError({ kind: 'lost' }));
    if (over) {
      if (callback) process.nextTick(callback, over);
      return undefined;
    }
    const timer =
      stage &&
      setTimeout(
        () => this.fail({ kind: 'timeout', stage, timeoutMs: subscribeTimeoutMs }),
        subscribeTimeoutMs,
      );
    const settle: Callback = (error, result) => {
      if (!this.#pending.delete(settle)) return;
      clearTimeout(timer);
      if (!callback) return;
      if (error) callback(error);
      else callback(undefined, result);
    };
    this.#pending.add(settle);
    return settle;
  }
}
