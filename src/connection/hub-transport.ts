import { EventEmitter } from 'node:events';
import type { DeviceClientOptions, DeviceTransport, TwinProperties } from 'azure-iot-device';
import { InvalidOptionsError } from 'azure-iot-certificates/internal';
import type { DeviceError } from 'azure-iot-certificates';
import { HubLink, type HubLinkOptions, type HubTarget } from '../hub/link';
import { LinkHistory } from '../hub/link-history';
import type { SwitchedFeature } from '../hub/sdk-features';
import type { Registration } from '../options/registration';
import type { Device } from '../provisioning/device';
import { safely, settle } from './callbacks';
import { Features } from './features';
import { DirectMethods } from './methods';
import { Outbox, type QueueLimits } from './outbox';
import { TwinOperations } from './twin';

type Done = (error?: Error) => void;
type MethodCallback = Parameters<DeviceTransport['onDeviceMethod']>[1];

/** The options that `setOptions` of the client may still change. The others belong to `connectDevice`. */
const CLIENT_OPTIONS: readonly string[] = ['productInfo', 'modelId'];

/** The settings of a {@link HubTransport}. */
export interface HubTransportInit extends Pick<
  HubLinkOptions,
  'createTransport' | 'keepAliveSeconds' | 'turns'
> {
  readonly modelId: string | undefined;
  readonly queueLimits: QueueLimits;
  /** The connection, which the client's `close()` closes. */
  readonly owner: { close(): Promise<void> };
  /** Gets the one error that names all features that the hub refuses; `undefined` when it refuses none any more. */
  readonly onRefused: (error: DeviceError | undefined) => void;
}

/** The parts that use the links. */
interface Parts {
  readonly outbox: Outbox;
  readonly methods: DirectMethods;
  readonly features: Features;
  readonly twin: TwinOperations;
}

/**
 * The transport under the official `Client`. It lives as long as the client; links ({@link HubLink}) come and go below
 * it, and on each new one everything is enabled again that the client has enabled.
 */
export class HubTransport extends EventEmitter implements DeviceTransport {
  readonly #init: HubTransportInit;
  /** Made for the first link, or for the first operation. */
  #made: Parts | undefined;
  #history: LinkHistory | undefined;
  /** The link in use. */
  #link: HubLink | undefined;
  /** The link in use, or while there is none the one before it. */
  #latest: HubLink | undefined;
  #finished: DeviceError | undefined;
  #sdkOptions: DeviceClientOptions;

  constructor(init: HubTransportInit) {
    super();
    this.#init = init;
    this.#sdkOptions = init.modelId === undefined ? {} : { modelId: init.modelId };
  }

  /** The direct methods, answered by the client's listeners or by handlers of `onMethod`. */
  get methods(): DirectMethods {
    return this.#parts.methods;
  }

  get outbox(): Outbox {
    return this.#parts.outbox;
  }

  /**
   * Connects the device to its hub. {@link attach} takes the link into use.
   *
   * @throws {@link ConnectionError}, {@link TimeoutError}, or `signal.reason`
   */
  openLink(device: Device, registration: Registration, signal: AbortSignal): Promise<HubLink> {
    const { createTransport, keepAliveSeconds, turns } = this.#init;
    const { transport } = device;
    const own = {
      sdkOptions: this.#sdkOptions,
      methods: this.methods,
      history: (this.#history ??= new LinkHistory()),
    };
    return HubLink.open(
      hubTarget(device, registration),
      { transport, createTransport, keepAliveSeconds, turns, ...own },
      signal,
    );
  }

  /**
   * Takes a fresh link into use: sends the waiting messages, and enables the enabled features again. Changes that the
   * twin has had since the last link follow when the twin has been read. Rejects when the link breaks before it is in
   * use.
   */
  async attach(link: HubLink): Promise<void> {
    const { transport } = link;
    transport.on('message', (message) => this.emit('message', message));
    const { outbox, methods, features, twin } = this.#parts;
    twin.listen(link);
    methods.listen(link);
    this.#link = link;
    this.#latest = link;
    this.#accept(link);
    // Telemetry needs nothing of what follows, which the hub may refuse.
    outbox.start(link);
    await outbox.prove(link);
    link.over.throwIfAborted();
    // Another link has replaced it meanwhile.
    if (this.#link !== link) return;
    await features.attach(link);
    twin.start(link);
    if (features.wants('desiredProperties')) void twin.catchUp(link);
    safely(() => this.emit('connected'));
  }

  /** The link is down. Messages and operations wait for the next link. */
  detach(): void {
    this.#link = undefined;
    const { outbox, features, twin } = this.#parts;
    features.detach();
    outbox.stop();
    twin.stop();
  }

  /** There will be no further link: settles everything pending. */
  finish(error: DeviceError, gaveUp: boolean): void {
    this.#finished = error;
    this.detach();
    this.outbox.close(error);
    this.#parts.twin.close(error);
    if (gaveUp) safely(() => this.emit('disconnect', error));
  }

  /**
   * The client calls this when it is opened. The first link is in use by then, so that the client is connected at once.
   */
  connect(done: Parameters<DeviceTransport['connect']>[0]): void {
    if (this.#finished) done(this.#finished);
    else done(undefined, this.#latest?.connected);
  }

  disconnect(done: Parameters<DeviceTransport['disconnect']>[0]): void {
    void this.#init.owner.close().then(() => done());
  }

  sendEvent(
    message: Parameters<DeviceTransport['sendEvent']>[0],
    done: Parameters<DeviceTransport['sendEvent']>[1],
  ) {
    this.outbox.send(message, done);
  }

  getTwin(done: (error?: Error, twin?: TwinProperties) => void): void {
    settle(this.#parts.twin.read(), done);
  }

  updateTwinReportedProperties(patch: unknown, done: Done): void {
    settle(this.report(patch), done);
  }

  /** Updates the reported properties. Calls keep their order. */
  async report(patch: unknown): Promise<void> {
    await this.#parts.twin.report(patch);
  }

  sendMethodResponse(response: Parameters<DeviceTransport['sendMethodResponse']>[0], done: Done = ignore) {
    settle(this.methods.sendSdkResponse(response, this.#latest), done);
  }

  onDeviceMethod(name: string, callback: MethodCallback): void {
    this.on(methodEvent(name), callback);
    this.methods.addSdkName(name, this.#link);
  }

  enableC2D(done: Done): void {
    this.#switch('cloudToDevice', 'enable', done);
  }

  disableC2D(done: Done): void {
    this.#switch('cloudToDevice', 'disable', done);
  }

  enableMethods(done: Done): void {
    this.#switch('methods', 'enable', done);
  }

  disableMethods(done: Done): void {
    this.#switch('methods', 'disable', done);
  }

  enableTwinDesiredPropertiesUpdates(done: Done): void {
    this.#switch('desiredProperties', 'enable', done);
  }

  disableTwinDesiredPropertiesUpdates(done: Done): void {
    this.#switch('desiredProperties', 'disable', done);
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
    // Over MQTT a message is completed by its acknowledgement, which was sent when the client got it.
    if (this.#link) this.#link.transport.complete(message, done);
    else done();
  }

  reject(_message: unknown, done: Done): void {
    done(unsupported('reject', 'MQTT has no rejection of a message.'));
  }

  abandon(_message: unknown, done: Done): void {
    done(unsupported('abandon', 'MQTT has no abandoning of a message.'));
  }

  sendEventBatch(_messages: unknown, done: Done): void {
    done(unsupported('sendEventBatch', 'MQTT has no batches; call sendEvent for each message.'));
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

  get #parts(): Parts {
    this.#made ??= this.#make();
    return this.#made;
  }

  #make(): Parts {
    const outbox = new Outbox(this.#init.queueLimits);
    const features = new Features({
      onRefused: this.#init.onRefused,
      isInDoubt: (link) => outbox.mayHaveEnded(link),
      // A change between the reading of the twin and the subscription was not received.
      onEnabled: (feature, link) => void (feature === 'desiredProperties' && twin.catchUp(link)),
    });
    const twin = new TwinOperations(features, (patch) => this.emit('twinDesiredPropertiesUpdate', patch));
    const methods = new DirectMethods((name, ...call) => this.emit(methodEvent(name), ...call));
    return { outbox, methods, features, twin };
  }

  /**
   * Never fails, because the client would emit an `error` event that ends the process. An enabled feature stays
   * enabled.
   */
  #switch(feature: SwitchedFeature, to: 'enable' | 'disable', done: Done): void {
    const switched = this.#parts.features[to](feature);
    if (this.#link) this.#accept(this.#link);
    settle(switched, done);
  }

  #accept(link: HubLink): void {
    link.accept({ cloudToDevice: this.#parts.features.wants('cloudToDevice') });
  }
}

/** The hub that the device was assigned to, and the device's name and credentials there. */
export function hubTarget(device: Device, { assignedHub, deviceId }: Registration): HubTarget {
  const { enrollment, material, roots, proxyFor, certFile } = device;
  return { host: assignedHub, deviceId, enrollment, x509: material.toX509(), ca: roots, proxyFor, certFile };
}

function methodEvent(name: string): string {
  return `method_${name}`;
}

function unsupported(what: string, why: string): InvalidOptionsError {
  return new InvalidOptionsError([
    { option: what, message: `is not possible over this connection.`, remedy: why },
  ]);
}

function ignore(): void {
  // The caller needs no outcome.
}
