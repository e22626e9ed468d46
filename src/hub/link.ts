import type { DeviceClientOptions, DeviceTransport, Message, TwinProperties } from 'azure-iot-device';
import type { EnrollmentKind } from 'azure-iot-certificates';
import { DeviceError } from 'azure-iot-certificates/internal';
import { toConnectionError } from '../errors/connection-error';
import { ConnectionError } from '../errors/errors';
import { isEndedByPeer, wireErrorOf, type WireFailure } from '../errors/wire-error';
import type { ConnectTurns } from '../network/connect-turns';
import { abortable, withDeadline } from '../network/deadline';
import { Wire } from '../network/wire';
import type { MethodCall } from '../options/method-handler';
import type { ProxyRule } from '../options/proxy';
import type { TransportKind } from '../options/types';
import type { LinkHistory } from './link-history';
import { featureOf, switchFeature, type Feature, type SwitchedFeature } from './sdk-features';
import { filterHubMessage, methodCallOf, methodResponseTopic } from './sdk-messages';
import { MessageEnqueued, telemetryTopic } from './sdk-telemetry';
import type { HubTransportFactory } from './sdk-transport';
import { readTwin, updateReported } from './sdk-twin';

/** A device at its hub: the host, the device ID, the credentials, the trusted roots and the proxy. */
export interface HubTarget {
  /** Host name of the hub, optionally with a port. */
  readonly host: string;
  readonly deviceId: string;
  readonly enrollment: EnrollmentKind;
  readonly x509: { readonly cert: string; readonly key: string };
  /** Roots to trust besides the runtime's own. */
  readonly ca: readonly string[] | undefined;
  /** The proxy through which a host is reached. */
  readonly proxyFor: ProxyRule;
  /** The file with the certificate, if it came from one. */
  readonly certFile?: string | undefined;
}

/** Answers direct methods in place of the SDK. */
export interface MethodAnswerer {
  /** The calls of this name are answered here, and not by the SDK. */
  answers(name: string): boolean;
  /** Answers a call with a status and JSON text. Never rejects. */
  answer(call: MethodCall, body: Buffer): Promise<{ status: number; payload: string }>;
}

export interface HubLinkOptions {
  readonly transport: TransportKind;
  readonly keepAliveSeconds: number;
  /** Options of the SDK's transport: model ID and product info. */
  readonly sdkOptions: DeviceClientOptions;
  readonly createTransport: HubTransportFactory;
  /** The device's turns to connect. */
  readonly turns: ConnectTurns;
  /** Default: the SDK answers every method, and drops calls of methods without a listener. */
  readonly methods?: MethodAnswerer;
  /** The links before this one. */
  readonly history?: LinkHistory;
}

/** The result of the SDK's `connect`. */
export type ConnectResult = Parameters<Parameters<DeviceTransport['connect']>[0]>[1];

/** The SDK's callback for a message sent. */
export type SendCallback = Parameters<DeviceTransport['sendEvent']>[1];

/** The longest time that a connection which is replaced waits for its direct methods to be answered. */
const ANSWER_LIMIT_MS = 10_000;
const CLOUD_TO_DEVICE_TOPIC = /^devices\/[^/]+\/messages\/devicebound\//;

/**
 * One connection to the hub: a wire and a fresh SDK transport on it. The SDK's transport cannot be used again after a
 * drop (its twin client believes that it is still subscribed), so each connection gets a new one.
 */
export class HubLink {
  /** The SDK's transport, connected. */
  readonly transport: DeviceTransport;
  /** The result of the SDK's `connect`. */
  readonly connected: ConnectResult;
  readonly #target: HubTarget;
  readonly #wire: Wire;
  /** The answers to direct methods under way. None of the promises rejects. */
  readonly #answers: Set<Promise<void>>;
  readonly #history: LinkHistory | undefined;

  private constructor(
    target: HubTarget,
    transport: DeviceTransport,
    connected: ConnectResult,
    wire: Wire,
    answers: Set<Promise<void>>,
    history: LinkHistory | undefined,
  ) {
    this.#target = target;
    this.transport = transport;
    this.connected = connected;
    this.#wire = wire;
    this.#answers = answers;
    this.#history = history;
  }

  /**
   * Connects. Always settles when the connection fails or `signal` aborts, and then leaves nothing behind.
   *
   * @throws {@link ConnectionError}, {@link TimeoutError}, or `signal.reason`
   */
  static async open(target: HubTarget, options: HubLinkOptions, signal: AbortSignal): Promise<HubLink> {
    const {
      transport: kind,
      keepAliveSeconds,
      sdkOptions,
      createTransport,
      turns,
      methods,
      history,
    } = options;
    const filter = (topic: string, payload: Buffer) => {
      const message = filterHubMessage(topic, payload);
      const call = methodCallOf(topic);
      if (!call || !methods?.answers(call.name)) return message;
      hold(answerMethod(methods, call, payload, wire), answers);
      return undefined;
    };
    const answers = new Set<Promise<void>>();
    const { ca, host, proxyFor } = target;
    const endTurn = await turns.toConnect(host, signal);
    const wire = new Wire({ ca, proxy: proxyFor(host), keepAliveSeconds, filter });
    wire.accept(() => false);
    try {
      const transport = await createTransport(kind, target, wire);
      signal.throwIfAborted();
      transport.setOptions?.(sdkOptions, ignore);
      const connected = await abortable(abortable(connect(transport, wire), wire.over), signal);
      transport.on('disconnect', () => wire.fail({ kind: 'lost' }));
      history?.watch(wire.over);
      return new HubLink(target, transport, connected, wire, answers, history);
    } catch (error) {
      wire.fail({ kind: 'closed' });
      throw signal.aborted ? signal.reason : toHubError(error, target);
    } finally {
      endTurn();
    }
  }

  /** Host name of the hub, and port where one was given. */
  get host(): string {
    return this.#target.host;
  }

  /** Aborts when the connection is over, for whatever reason; its reason is the `WireError`. */
  get over(): AbortSignal {
    return this.#wire.over;
  }

  get isOpen(): boolean {
    return this.#wire.error === undefined;
  }

  /**
   * The feature whose subscription the hub had not answered when the connection ended, unless this side ended it. The
   * hub may have ended the connection because of it.
   */
  get endedAt(): Feature | undefined {
    const { error, unanswered } = this.#wire;
    if (!error || error.failure.kind === 'closed') return undefined;
    const isOther = error.failure.kind === 'timeout' && error.failure.stage !== 'subscribe';
    return isOther ? undefined : featureOf(unanswered);
  }

  /** The error for an operation that failed on this connection, or together with it. */
  explain(reason: unknown): DeviceError {
    return reason instanceof DeviceError ? reason : toHubError(reason, this.#target, this.#history);
  }

  /** Switches a feature on or off. Rejects when the hub refuses the subscription, or the connection is over. */
  async switch(feature: SwitchedFeature, to: 'enable' | 'disable'): Promise<void> {
    await switchFeature(this.transport, feature, to);
  }

  /** Reads the twin. Rejects with a `WireError` when the hub refuses the subscription to answers. */
  async readTwin(): Promise<TwinProperties> {
    return await readTwin(this.transport, this.#target);
  }

  /** Updates the reported properties. Rejects with a `WireError` when the hub refuses the subscription to answers. */
  async updateReported(patch: object): Promise<void> {
    await updateReported(this.transport, patch, this.#target);
  }

  /**
   * Accepts cloud-to-device messages, or leaves them with the hub while there is no listener. Before the first call no
   * message is accepted.
   */
  accept(ready: { cloudToDevice: boolean }): void {
    this.#wire.accept((topic) => ready.cloudToDevice || !CLOUD_TO_DEVICE_TOPIC.test(topic));
  }

  /**
   * The connection is over, and the hub or the network has ended it, not this side. False if it ended at the
   * subscription of a feature.
   */
  get isEndedByPeer(): boolean {
    const { error } = this.#wire;
    return error !== undefined && isEndedByPeer(error.failure) && this.endedAt === undefined;
  }

  /** The time of the last sign of life of the hub, on the clock of `performance`. */
  get heardAt(): number {
    return this.#wire.heardAt;
  }

  /** The time that all unacknowledged messages may take on a slow uplink, in milliseconds. */
  get allowanceMs(): number {
    return this.#wire.allowanceMs;
  }

  /** The bytes that wait in this process for the network. */
  get backlogBytes(): number {
    return this.#wire.backlogBytes;
  }

  /** Calls back each time the network has taken all bytes that waited. */
  onDrain(callback: () => void): void {
    this.#wire.on('drain', callback);
  }

  /** Asks the hub for a sign of life. */
  ping(): void {
    this.#wire.ping();
  }

  /**
   * Sends telemetry, a message of `copyMessage`; calls back when the hub has acknowledged it. Throws for a message that
   * cannot be sent.
   */
  send(message: Message, done: SendCallback): void {
    const topic = telemetryTopic(this.transport, message);
    if (topic === undefined) {
      this.transport.sendEvent(message, done);
      return;
    }
    this.#wire.publish(topic, message.data as string | Buffer, { qos: 1, retain: false }, (error, result) => {
      if (error) done(error);
      // eslint-disable-next-line @typescript-eslint/no-unsafe-class-instance-assignment -- the SDK does not export its own
      else done(undefined, new MessageEnqueued(result));
    });
  }

  /** Adds an answer to a direct method that is under way. The promise must not reject. */
  holdAnswer(answer: Promise<void>): void {
    hold(answer, this.#answers);
  }

  /**
   * Resolves when no direct method of this connection is under way, when the connection is over, or after ten seconds.
   * An answer counts on the connection of its call only.
   */
  async answered(): Promise<void> {
    const onTimeout = () => new Error('A direct method was not answered in time.');
    const limits = { timeoutMs: ANSWER_LIMIT_MS, signal: this.over, onTimeout };
    const noneIsUnderWay = async () => {
      while (this.#answers.size > 0) await Promise.all(this.#answers);
    };
    if (this.isOpen) await withDeadline(limits, noneIsUnderWay).catch(() => undefined);
  }

  /** Ends the connection at once, for the reason given. */
  fail(failure: WireFailure): void {
    this.#wire.fail(failure);
  }

  /** Disconnects from the hub and closes. Resolves when the socket is gone; never rejects. */
  async close(): Promise<void> {
    if (!this.isOpen) return;
    await new Promise<void>((resolve) => {
      this.over.addEventListener('abort', () => resolve(), { once: true });
      // The SDK ends the wire, which is bounded in time. The SDK's own result does not matter any more.
      this.transport.disconnect(() => this.#wire.fail({ kind: 'closed' }));
    });
  }
}

function hold(answer: Promise<void>, answers: Set<Promise<void>>): void {
  const held = answer.finally(() => answers.delete(held));
  answers.add(held);
}

function toHubError(reason: unknown, target: HubTarget, history?: LinkHistory): DeviceError {
  const { host, deviceId, enrollment, certFile, ca: roots } = target;
  const wireError = wireErrorOf(reason);
  if (wireError)
    return toConnectionError(wireError, {
      ...{ service: 'hub', host, registrationId: deviceId, enrollment, certFile, roots },
      shortLived: history?.shortLived,
    });
  return new ConnectionError({
    code: 'CONNECTION_LOST',
    service: 'hub',
    host,
    message: `The connection of ${deviceId} to ${host} failed.`,
    remedy: 'Try again.',
    isTransient: true,
    cause: reason,
  });
}

/** Answers a call. If the connection ends before, the hub gets no answer and reports a time-out to the caller. */
async function answerMethod(
  methods: MethodAnswerer,
  call: MethodCall,
  body: Buffer,
  wire: Wire,
): Promise<void> {
  const { status, payload } = await methods.answer(call, body);
  await new Promise<void>((resolve) => {
    wire.publish(methodResponseTopic(status, call.requestId), payload, { qos: 0, retain: false }, () =>
      resolve(),
    );
  });
}

function connect(transport: DeviceTransport, wire: Wire): Promise<ConnectResult> {
  return new Promise((resolve, reject) => {
    transport.connect((error, result) => (error ? reject(wire.error ?? error) : resolve(result)));
  });
}

function ignore(): void {
  // The SDK's transport applies options at once.
}
