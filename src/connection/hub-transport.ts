import { EventEmitter } from 'node:events';
import type { DeviceClientOptions, DeviceTransport, TwinProperties } from 'azure-iot-device';
import { InvalidOptionsError } from 'azure-iot-certificates/internal';
import type { DeviceError } from 'azure-iot-certificates';
import { HubLink, type HubLinkOptions, type HubTarget } from '../hub/link';
import { LinkHistory } from '../hub/link-history';
import type { Registration } from '../options/registration';
import type { Device } from '../provisioning/device';
import { safely, settle } from './callbacks';
import { DirectMethods } from './methods';
import { Outbox } from './outbox';
import { TwinOperations } from './twin';

type Done = (error?: Error) => void;
type MethodCallback = Parameters<DeviceTransport['onDeviceMethod']>[1];

/** The messages that the hub sends only on demand, and the methods of the SDK that demand them. */
const FEATURES = {
  cloudToDevice: { enable: 'enableC2D', disable: 'disableC2D' },
  methods: { enable: 'enableMethods', disable: 'disableMethods' },
  desiredProperties: {
    enable: 'enableTwinDesiredPropertiesUpdates',
    disable: 'disableTwinDesiredPropertiesUpdates',
  },
} as const;
type Feature = keyof typeof FEATURES;

/** The options that `setOptions` of the client may still change. The others belong to `connectDevice`. */
const CLIENT_OPTIONS: readonly string[] = ['productInfo', 'modelId'];

/** The settings of a {@link HubTransport}. */
export interface HubTransportInit extends Pick<HubLinkOptions, 'createTransport' | 'keepAliveSeconds'> {
  readonly modelId: string | undefined;
  /** The number of messages that may wait while the link is down. */
  readonly maxQueuedMessages: number;
  /** The connection, which the client's `close()` closes. */
  readonly owner: { close(): Promise<void> };
}

/**
 * The transport under the official `Client`. It lives as long as the client; links ({@link HubLink}) come and go below
 * it, and on each new one everything is enabled again that the client has enabled.
 */
export class HubTransport extends EventEmitter implements DeviceTransport {
  /** The direct methods, answered by the client's listeners or by handlers of `onMethod`. */
  readonly methods = new DirectMethods((name, ...call) => this.emit(methodEvent(name), ...call));
  readonly #init: HubTransportInit;
  readonly #outbox: Outbox;
  readonly #twin = new TwinOperations((patch) => this.emit('twinDesiredPropertiesUpdate', patch));
  readonly #features = new Set<Feature>();
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
    this.#outbox = new Outbox(init.maxQueuedMessages);
  }

  /**
   * Connects the device to its hub. {@link attach} takes the link into use.
   *
   * @throws {@link ConnectionError}, {@link TimeoutError}, or `signal.reason`
   */
  openLink(device: Device, registration: Registration, signal: AbortSignal): Promise<HubLink> {
    const { createTransport, keepAliveSeconds } = this.#init;
    const { transport } = device;
    const own = {
      sdkOptions: this.#sdkOptions,
      methods: this.methods,
      history: (this.#history ??= new LinkHistory()),
    };
    return HubLink.open(
      hubTarget(device, registration),
      { transport, createTransport, keepAliveSeconds, ...own },
      signal,
    );
  }

  /**
   * Takes a fresh link into use: enables the enabled features again, and sends the waiting messages. Changes that the
   * twin has had since the last link follow when the twin has been read. Rejects when the link breaks before it is in
   * use.
   */
  async attach(link: HubLink): Promise<void> {
    const { transport } = link;
    transport.on('message', (message) => this.emit('message', message));
    this.#twin.listen(link);
    this.methods.listen(link);
    this.#link = link;
    this.#latest = link;
    this.#accept(link);
    for (const feature of this.#features) await this.#tell(link, FEATURES[feature].enable);
    this.#twin.start(link);
    this.#outbox.start(link);
    if (this.#features.has('desiredProperties')) void this.#twin.catchUp(link);
    safely(() => this.emit('connected'));
  }

  /** The link is down. Messages and operations wait for the next link. */
  detach(): void {
    this.#link = undefined;
    this.methods.stop();
    this.#outbox.stop();
    this.#twin.stop();
  }

  /** There will be no further link: settles everything pending. */
  finish(error: DeviceError, gaveUp: boolean): void {
    this.#finished = error;
    this.detach();
    this.#outbox.close(error);
    this.#twin.close(error);
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
    this.#outbox.send(message, done);
  }

  getTwin(done: (error?: Error, twin?: TwinProperties) => void): void {
    settle(this.#twin.read(), done);
  }

  updateTwinReportedProperties(patch: unknown, done: Done): void {
    settle(this.#twin.report(patch), done);
  }

  sendMethodResponse(response: Parameters<DeviceTransport['sendMethodResponse']>[0], done: Done = ignore) {
    settle(this.methods.sendSdkResponse(response, this.#latest), done);
  }

  onDeviceMethod(name: string, callback: MethodCallback): void {
    this.on(methodEvent(name), callback);
    this.methods.addSdkName(name, this.#link);
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

  /**
   * Never fails, because the client would emit an `error` event that ends the process. An enabled feature stays
   * enabled.
   */
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
      // A change between the reading of the twin and the subscription was not received.
      enabled.then(() => this.#twin.catchUp(link)).catch(ignore);
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
        // A link without the feature is of no use: the next one enables everything anew.
        link.fail({ kind: 'protocol', detail: `${method} failed: ${error.message}` });
        reject(error);
      });
    });
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
