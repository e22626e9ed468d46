import type {
  DeviceClientOptions,
  DeviceTransport,
  Message,
  X509AuthenticationProvider,
} from 'azure-iot-device';
import type { TransportKind } from '../options/types';
import { abortable } from '../network/deadline';
import { calledMethod, filterHubMessage } from './sdk-messages';
import { loadWhileDialing } from '../network/dial';
import { load } from '../network/sdk-packages';
import { MessageEnqueued, telemetryTopic, withCheapJson } from './sdk-telemetry';
import { Wire, type WireOptions } from '../network/wire';
import type { WireFailure } from '../errors/wire-error';

/** Where to connect, as whom, with what. */
export interface HubCredentials {
  /** Host name of the hub, optionally with a port. */
  host: string;
  deviceId: string;
  x509: { cert: string; key: string };
}

export interface HubLinkOptions {
  credentials: HubCredentials;
  transport: TransportKind;
  wire: Omit<WireOptions, 'filter'>;
  /** What the SDK's transport is told: model ID, product info. */
  sdkOptions: DeviceClientOptions;
  /** Learns of each call of a direct method before the SDK does, which drops calls of methods that nobody listens to. */
  onMethodCall?: ((name: string) => void) | undefined;
}

const CLOUD_TO_DEVICE_TOPIC = /^devices\/[^/]+\/messages\/devicebound\//;

/** What the SDK's `connect` answers with. */
export type ConnectResult = Parameters<Parameters<DeviceTransport['connect']>[0]>[1];

/** The SDK's callback for a message sent. */
export type SendCallback = Parameters<DeviceTransport['sendEvent']>[1];

/** Makes the SDK's transport to the hub. Tests give one of their own. */
export type HubTransportFactory = (
  kind: TransportKind,
  provider: X509AuthenticationProvider,
  wire: Wire,
) => DeviceTransport;

/**
 * One connection to the hub: a wire and a fresh SDK transport on it. The SDK's transport cannot be used again after a
 * drop (its twin client believes that it is still subscribed), so each connection gets a new one.
 */
export class HubLink {
  /** The SDK's transport, connected. */
  readonly transport: DeviceTransport;
  /** What the SDK answered when it was connected. */
  readonly connected: ConnectResult;
  readonly #wire: Wire;

  private constructor(transport: DeviceTransport, connected: ConnectResult, wire: Wire) {
    this.transport = transport;
    this.connected = connected;
    this.#wire = wire;
  }

  /**
   * Connects. Settles for certain when the connection fails or `signal` aborts, and then leaves nothing behind.
   *
   * @throws WireError, `signal.reason`, or what a mocked transport fails with
   */
  static async open(
    options: HubLinkOptions,
    signal: AbortSignal,
    createTransport: HubTransportFactory = createSdkTransport,
  ): Promise<HubLink> {
    signal.throwIfAborted();
    const { credentials } = options;
    const filter = (topic: string, payload: Buffer) => {
      const message = filterHubMessage(topic, payload);
      const method = message && options.onMethodCall && calledMethod(topic);
      if (method !== undefined) options.onMethodCall?.(method);
      return message;
    };
    const wire = new Wire({ ...options.wire, filter });
    wire.accept(() => false);
    try {
      if (createTransport === createSdkTransport) {
        await loadWhileDialing(wire, { ...credentials, transport: options.transport }, [
          load.device,
          load.deviceMqtt,
          load.mqttClient,
        ]);
        signal.throwIfAborted();
      }
      const { X509AuthenticationProvider } = load.device();
      const provider = new X509AuthenticationProvider({
        host: credentials.host,
        deviceId: credentials.deviceId,
        x509: credentials.x509,
      });
      const transport = createTransport(options.transport, provider, wire);
      transport.setOptions?.(options.sdkOptions, ignore);
      const connected = await abortable(abortable(connect(transport, wire), wire.over), signal);
      transport.on('disconnect', () => wire.fail({ kind: 'lost' }));
      return new HubLink(transport, connected, wire);
    } catch (error) {
      wire.fail({ kind: 'closed' });
      throw error;
    }
  }

  /** Aborts when the connection is over, for whatever reason; its reason is the `WireError`. */
  get over(): AbortSignal {
    return this.#wire.over;
  }

  get isOpen(): boolean {
    return this.#wire.error === undefined;
  }

  /**
   * Says what the owner is ready for; before the first call nothing is. Cloud-to-device messages that nobody listens to
   * stay with the hub.
   */
  accept(ready: { cloudToDevice: boolean }): void {
    this.#wire.accept((topic) => ready.cloudToDevice || !CLOUD_TO_DEVICE_TOPIC.test(topic));
  }

  /** Sends telemetry; calls back when the hub has acknowledged it. Throws for what cannot be sent. */
  send(message: Message, done: SendCallback): void {
    const topic = telemetryTopic(this.transport, message);
    if (topic === undefined) {
      this.transport.sendEvent(withCheapJson(message), done);
      return;
    }
    this.#wire.publish(topic, message.data as string | Buffer, { qos: 1, retain: false }, (error, result) => {
      if (error) done(error);
      // eslint-disable-next-line @typescript-eslint/no-unsafe-class-instance-assignment -- the SDK does not export its own
      else done(undefined, new MessageEnqueued(result));
    });
  }

  /** Ends the connection at once, for the reason given. */
  fail(failure: WireFailure): void {
    this.#wire.fail(failure);
  }

  /** Says goodbye to the hub and closes. Resolves when the socket is gone; never rejects. */
  async close(): Promise<void> {
    if (!this.isOpen) return;
    await new Promise<void>((resolve) => {
      this.over.addEventListener('abort', () => resolve(), { once: true });
      // The SDK ends the wire, which is bounded in time; what the SDK itself makes of it does not matter any more.
      this.transport.disconnect(() => this.#wire.fail({ kind: 'closed' }));
    });
  }
}

function createSdkTransport(
  kind: TransportKind,
  provider: X509AuthenticationProvider,
  wire: Wire,
): DeviceTransport {
  const { MqttBase } = load.mqttBase();
  const { Mqtt, MqttWs } = load.deviceMqtt();
  return new (kind === 'mqtt-ws' ? MqttWs : Mqtt)(provider, new MqttBase(wire));
}

function connect(transport: DeviceTransport, wire: Wire): Promise<ConnectResult> {
  return new Promise((resolve, reject) => {
    transport.connect((error, result) => (error ? reject(wire.error ?? error) : resolve(result)));
  });
}

function ignore(): void {
  // The SDK's transport applies options at once.
}
