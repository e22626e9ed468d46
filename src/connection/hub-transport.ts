import { EventEmitter } from 'node:events';
import type { DeviceClientOptions, DeviceTransport, TwinProperties } from 'azure-iot-device';
import { setTimeout } from 'node:timers/promises';
import { abortable, withDeadline } from '../network/deadline';
import { InvalidOptionsError, type DeviceError } from 'azure-iot-certificates';
import { TimeoutError } from '../errors';
import type { HubLink } from '../hub/link';
import { backOff } from '../network/back-off';
import { DesiredProperties, type JsonObject } from './desired-properties';
import { Operations } from './operations';
import { Outbox } from './outbox';
import { safely } from './safely';

/** Who connects and closes, and names errors, on behalf of the transport. */
export interface TransportOwner {
  /** Resolves when connected for the first time. */
  open(): Promise<void>;
  close(): Promise<void>;
  /** The error for what a broken link did not finish. */
  lost(reason: unknown): DeviceError;
  /** The error for what cannot be queued any more. */
  queueFull(): DeviceError;
}

export interface HubTransportOptions {
  /** How many messages may wait while the link is down. */
  maxQueuedMessages: number;
  /** For a twin read or a twin update, in milliseconds. */
  operationTimeoutMs: number;
}

type Done = (error?: Error) => void;
type MethodCallback = Parameters<DeviceTransport['onDeviceMethod']>[1];
type MethodMessage = Parameters<MethodCallback>[0];
type MethodResponse = Parameters<DeviceTransport['sendMethodResponse']>[0];

/** What the hub sends only when asked to, and how the SDK asks. */
const FEATURES = {
  cloudToDevice: { enable: 'enableC2D', disable: 'disableC2D' },
  methods: { enable: 'enableMethods', disable: 'disableMethods' },
  desiredProperties: {
    enable: 'enableTwinDesiredPropertiesUpdates',
    disable: 'disableTwinDesiredPropertiesUpdates',
  },
} as const;
type Feature = keyof typeof FEATURES;

/** Between two tries to read the twin. */
const CATCH_UP_DELAYS = { minDelayMs: 1_000, maxDelayMs: 60_000 };

/** What `setOptions` of the client may still change; the rest belongs to `connectDevice`. */
const CLIENT_OPTIONS: readonly string[] = ['productInfo', 'modelId'];

/**
 * The transport under the official `Client`. It lives as long as the client; connections come and go below it
 * ({@link HubLink}), and each new one is told again what the client had asked for.
 */
export class HubTransport extends EventEmitter implements DeviceTransport {
  readonly #owner: TransportOwner;
  readonly #outbox: Outbox;
  readonly #operations: Operations;
  readonly #operationTimeoutMs: number;
  readonly #desired = new DesiredProperties();
  readonly #features = new Set<Feature>();
  readonly #methods = new Set<string>();
  /**
   * Where a call came from, by a request ID of ours: the hub's may come again on the next link, where the answer would be
   * taken for that of another call.
   */
  readonly #calls = new Map<string, { link: HubLink; requestId: string }>();
  #lastCall = 0;
  #link: HubLink | undefined;
  #connectResult: HubLink['connected'];
  #sdkOptions: DeviceClientOptions;

  constructor(owner: TransportOwner, sdkOptions: DeviceClientOptions, options: HubTransportOptions) {
    super();
    this.#owner = owner;
    this.#sdkOptions = sdkOptions;
    this.#outbox = new Outbox(options.maxQueuedMessages, () => owner.queueFull());
    this.#operationTimeoutMs = options.operationTimeoutMs;
    this.#operations = new Operations(options.operationTimeoutMs);
  }

  /** What the next link's SDK transport is told. */
  get sdkOptions(): DeviceClientOptions {
    return this.#sdkOptions;
  }

  /**
   * Takes a fresh link into use: enables again what was enabled and sends what waits; what changed in the twin meanwhile
   * follows when it has been read. Rejects when the link breaks before it is in use.
   */
  async attach(link: HubLink): Promise<void> {
    const { transport } = link;
    transport.on('message', (message) => this.emit('message', message));
    transport.on('twinDesiredPropertiesUpdate', (patch: JsonObject) => this.#onDesiredProperties(patch));
    for (const name of this.#methods) this.#forwardMethod(link, name);
    this.#link = link;
    this.#connectResult = link.connected;
    this.#desired.begin();
    this.#accept(link);
    for (const feature of this.#features) await this.#tell(link, FEATURES[feature].enable);
    this.#operations.start(link);
    this.#outbox.start(link);
    if (this.#features.has('desiredProperties')) this.#catchUp(link).catch(ignore);
    safely(() => this.emit('connected'));
  }

  /** The link is gone; what is given to the transport waits for the next one. */
  detach(): void {
    this.#link = undefined;
    this.#calls.clear();
    this.#outbox.stop();
    this.#operations.stop();
  }

  /** There will be no further link: settles everything pending. */
  finish(error: DeviceError, gaveUp: boolean): void {
    this.detach();
    this.#outbox.close(error);
    this.#operations.close(error);
    if (gaveUp) safely(() => this.emit('disconnect', error));
  }

  connect(done: Parameters<DeviceTransport['connect']>[0]): void {
    this.#owner.open().then(
      () => done(undefined, this.#connectResult),
      (error: unknown) => done(error as Error),
    );
  }

  disconnect(done: Parameters<DeviceTransport['disconnect']>[0]): void {
    void this.#owner.close().then(() => done());
  }

  sendEvent(
    message: Parameters<DeviceTransport['sendEvent']>[0],
    done: Parameters<DeviceTransport['sendEvent']>[1],
  ) {
    this.#outbox.send(message, done);
  }

  getTwin(done: (error?: Error, twin?: TwinProperties) => void): void {
    settle(this.#readTwin(), (error, twin) => {
      if (twin) this.#desired.learn(twin.desired);
      done(error, twin);
    });
  }

  updateTwinReportedProperties(patch: unknown, done: Done): void {
    try {
      // The SDK does this in a tick of its own, where the error would end the process.
      JSON.stringify(patch);
    } catch (error) {
      done(error as Error);
      return;
    }
    const update = this.#perform('The update of the reported properties', (link) =>
      promised((callback) => link.transport.updateTwinReportedProperties(patch, callback)),
    );
    settle(update, done);
  }

  sendMethodResponse(response: MethodResponse, done: Done = ignore): void {
    const { link, requestId } = this.#calls.get(response.requestId) ?? {};
    this.#calls.delete(response.requestId);
    if (!link?.isOpen) {
      done(this.#owner.lost(link?.over.reason));
      return;
    }
    const answer = Object.create(response, { requestId: { value: requestId } }) as MethodResponse;
    const sent = promised((callback) => link.transport.sendMethodResponse(answer, callback));
    settle(abortable(sent, link.over), (error) => {
      done(error && !link.isOpen ? this.#owner.lost(link.over.reason) : error);
    });
  }

  onDeviceMethod(name: string, callback: MethodCallback): void {
    this.on(methodEvent(name), callback);
    if (this.#methods.has(name)) return;
    this.#methods.add(name);
    if (this.#link) this.#forwardMethod(this.#link, name);
  }

  enableC2D(done: Done): void {
    this.#enable('cloudToDevice', done);
  }

  disableC2D(done: Done): void {
    this.#disable('cloudToDevice', done);
  }

  enableMethods(done: Done): void {
    this.#enable('methods', done);
  }

  disableMethods(done: Done): void {
    this.#disable('methods', done);
  }

  enableTwinDesiredPropertiesUpdates(done: Done): void {
    this.#enable('desiredProperties', done);
  }

  disableTwinDesiredPropertiesUpdates(done: Done): void {
    this.#disable('desiredProperties', done);
  }

  setOptions(options: DeviceClientOptions, done: (error?: Error) => void = ignore): void {
    const foreign = Object.keys(options).filter((option) => !CLIENT_OPTIONS.includes(option));
    if (foreign.length > 0) {
      done(
        new InvalidOptionsError(
          foreign.map((option) => ({
            option,
            message: 'cannot be changed through Client.setOptions().',
            remedy: 'Give it to connectDevice().',
          })),
        ),
      );
      return;
    }
    this.#sdkOptions = { ...this.#sdkOptions, ...options };
    done();
  }

  complete(
    message: Parameters<DeviceTransport['complete']>[0],
    done: Parameters<DeviceTransport['complete']>[1],
  ): void {
    // MQTT completes a message by acknowledging it, which has happened by the time the client sees it.
    if (this.#link) this.#link.transport.complete(message, done);
    else done();
  }

  reject(_message: unknown, done: Done): void {
    done(unsupported('reject', 'MQTT knows no rejection of a message.'));
  }

  abandon(_message: unknown, done: Done): void {
    done(unsupported('abandon', 'MQTT knows no abandoning of a message.'));
  }

  sendEventBatch(_messages: unknown, done: Done): void {
    done(unsupported('sendEventBatch', 'MQTT knows no batches; call sendEvent for each message.'));
  }

  updateSharedAccessSignature(_signature: string, done: Done): void {
    done(unsupported('updateSharedAccessSignature', 'The device authenticates with a certificate.'));
  }

  enableInputMessages(done: Done): void {
    done(unsupported('enableInputMessages', 'Inputs belong to modules.'));
  }

  disableInputMessages(done: Done): void {
    done();
  }

  sendOutputEvent(_output: string, _message: unknown, done: Done): void {
    done(unsupported('sendOutputEvent', 'Outputs belong to modules.'));
  }

  sendOutputEventBatch(_output: string, _messages: unknown, done: Done): void {
    done(unsupported('sendOutputEventBatch', 'Outputs belong to modules.'));
  }

  /** Never fails: the client would emit an `error` event that crashes the process. What is enabled stays enabled. */
  #enable(feature: Feature, done: Done): void {
    const isNew = !this.#features.has(feature);
    this.#features.add(feature);
    const link = this.#link;
    if (!link) {
      done();
      return;
    }
    this.#accept(link);
    const enabled = this.#tell(link, FEATURES[feature].enable);
    settle(enabled, () => done());
    if (isNew && feature === 'desiredProperties') {
      // A change between the reading of the twin and the subscription would be heard by nobody.
      enabled.then(() => this.#catchUp(link)).catch(ignore);
    }
  }

  #disable(feature: Feature, done: Done): void {
    this.#features.delete(feature);
    const link = this.#link;
    if (link) this.#accept(link);
    if (!link) done();
    else settle(this.#tell(link, FEATURES[feature].disable), () => done());
  }

  #accept(link: HubLink): void {
    link.accept({ cloudToDevice: this.#features.has('cloudToDevice') });
  }

  async #tell(link: HubLink, method: (typeof FEATURES)[Feature]['enable' | 'disable']): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      const onOver = () => reject(link.over.reason as Error);
      if (!link.isOpen) {
        onOver();
        return;
      }
      link.over.addEventListener('abort', onOver, { once: true });
      link.transport[method]((error?: Error) => {
        link.over.removeEventListener('abort', onOver);
        if (!error) {
          resolve();
          return;
        }
        // Half a connection is none: the next one enables everything anew.
        link.fail({ kind: 'protocol', detail: `${method} failed: ${error.message}` });
        reject(error);
      });
    });
  }

  #forwardMethod(link: HubLink, name: string): void {
    link.transport.onDeviceMethod(name, (request: MethodMessage, response) => {
      const requestId = String((this.#lastCall += 1));
      this.#calls.set(requestId, { link, requestId: request.requestId });
      this.emit(methodEvent(name), { ...request, requestId }, response);
    });
  }

  #onDesiredProperties(patch: JsonObject): void {
    if (this.#desired.apply(patch)) this.emit('twinDesiredPropertiesUpdate', patch);
  }

  /**
   * Tells what has changed in the desired properties while nobody listened. Goes on until it has read them or the link
   * is over: a hub that throttles twins must hold up nothing else.
   */
  async #catchUp(link: HubLink): Promise<void> {
    if (!this.#desired.isKnown) return;
    const onTimeout = () => new Error('The twin was not read in time.');
    const limits = { timeoutMs: this.#operationTimeoutMs, signal: link.over, onTimeout };
    for (let attempt = 1; link.isOpen; attempt += 1) {
      const twin = await withDeadline(limits, () => readTwin(link)).catch(() => undefined);
      if (twin && !this.#desired.isStale(twin.desired)) {
        const change = this.#desired.catchUp(twin.desired);
        if (change) safely(() => this.emit('twinDesiredPropertiesUpdate', change));
        return;
      }
      await setTimeout(backOff(attempt, CATCH_UP_DELAYS), undefined, { signal: link.over });
    }
  }

  #readTwin(): Promise<TwinProperties> {
    return this.#perform('The reading of the twin', readTwin);
  }

  #perform<T>(what: string, run: (link: HubLink) => Promise<T>): Promise<T> {
    return this.#operations.perform({
      run,
      onTimeout: () =>
        new TimeoutError({
          service: 'hub',
          message: `${what} was not done in time.`,
          remedy: 'Try again when the connection is up.',
        }),
    });
  }
}

function readTwin(link: HubLink): Promise<TwinProperties> {
  return promised((callback) => link.transport.getTwin(callback));
}

function promised<T>(start: (callback: (error?: Error, value?: T) => void) => void): Promise<T> {
  return new Promise((resolve, reject) => {
    start((error, value) => (error ? reject(error) : resolve(value as T)));
  });
}

function methodEvent(name: string): string {
  return `method_${name}`;
}

function settle<T>(promise: Promise<T>, done: (error?: Error, value?: T) => void): void {
  promise.then(
    (value) => done(undefined, value),
    (error: unknown) => done(error as Error),
  );
}

function unsupported(what: string, why: string): InvalidOptionsError {
  return new InvalidOptionsError([
    { option: what, message: `is not possible over this connection.`, remedy: why },
  ]);
}

function ignore(): void {
  // The caller does not want to know.
}
