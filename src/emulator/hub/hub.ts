import { EventEmitter } from 'node:events';
import type { IConnectPacket } from 'mqtt-packet';
import type { DeviceData, LinkedHub, ProvisionedDevice } from '../dps/allocation';
import type { JsonObject } from '../json';
import {
  firstRefusal,
  type ConnectVerdict,
  type DisconnectReason,
  type MqttConnection,
} from '../mqtt/service';
import type { RoutableService } from '../mqtt/router';
import type { ResolvedHub } from '../options';
import type { UnverifiedBehavior } from '../unverified-behavior';
import { HubClient, type HubClientEvents, type Will } from './client';
import { CONNECT_STEPS, isSameHost, parseUsername, type HubConnectContext } from './connect';
import type { Device } from './device';
import { DeviceRegistry } from './device-registry';
import { parsePropertyBag, type MessageProperties } from './property-bag';
import { telemetryTopic } from './topics';
import type {
  CloudToDeviceMessage,
  DeviceTwin,
  EnqueuedMessage,
  HubEmulator,
  HubEvents,
  MethodCall,
  MethodResponse,
  TelemetryMessage,
} from './types';

/** Messages from devices that are remembered. */
const MAX_TELEMETRY = 1000;

/** What a hub is reached by. */
interface Listening {
  start(): Promise<void>;
  stop(reason: DisconnectReason): Promise<void>;
}

/** One IoT hub: the service's side towards devices (MQTT), towards DPS and towards the test. */
export class Hub extends EventEmitter<HubEvents> implements HubEmulator, RoutableService, LinkedHub {
  readonly name: string;
  readonly allocationWeight: number;
  readonly latencyMs: number;
  readonly label: string;
  readonly devices = new DeviceRegistry();
  readonly #unverifiedBehavior: UnverifiedBehavior;
  readonly #telemetry: TelemetryMessage[] = [];
  #hostName = '';
  #listener: Listening | undefined;

  constructor(
    { name, allocationWeight, latencyMs }: Pick<ResolvedHub, 'name' | 'allocationWeight' | 'latencyMs'>,
    unverifiedBehavior: UnverifiedBehavior,
  ) {
    super();
    this.name = name;
    this.allocationWeight = allocationWeight;
    this.latencyMs = latencyMs;
    this.label = `hub ${name}`;
    this.#unverifiedBehavior = unverifiedBehavior;
  }

  get hostName(): string {
    return this.#hostName;
  }

  /** Called when the port is known, before any device is there. With a proxy in front, the host name is the proxy's. */
  listensOn(hostName: string, listener: Listening | undefined = this.#listener): void {
    this.#hostName = hostName;
    this.#listener = listener;
  }

  async start(): Promise<void> {
    await this.#listener?.start();
  }

  async stop(): Promise<void> {
    await this.#listener?.stop('hub-stopped');
  }

  isMeantBy(username: string): boolean {
    return isSameHost(parseUsername(username)?.hostName, this.hostName);
  }

  isRequestedBy(host: string): boolean {
    return isSameHost(host, this.hostName);
  }

  connect(packet: IConnectPacket, connection: MqttConnection): ConnectVerdict {
    const username = parseUsername(packet.username ?? '');
    const device = this.devices.find(packet.clientId);
    const context: HubConnectContext = {
      packet,
      hostName: this.hostName,
      username,
      device,
      leaf: connection.certificates[0],
      unverifiedBehavior: this.#unverifiedBehavior,
    };
    const refusal = firstRefusal(CONNECT_STEPS, context);
    if (refusal !== undefined) return refusal;
    if (device === undefined) return { returnCode: 5, reason: 'there is no such device' };
    const will = this.#readWill(packet);
    const isSessionPresent = device.connect(connection, packet.clean ?? true, username?.modelId);
    const events = this.#eventsOf(device);
    return {
      returnCode: 0,
      isSessionPresent,
      client: new HubClient({ connection, device, will, events }),
    };
  }

  /** Drops every device without a word. */
  disconnectAll(reason: DisconnectReason): void {
    this.devices.disconnectAll(reason);
  }

  disconnectDevice(deviceId: string): void {
    this.devices.require(deviceId).disconnect('connection-lost');
  }

  releaseDevice(deviceId: string): DeviceData | undefined {
    const device = this.devices.find(deviceId);
    if (device === undefined) return undefined;
    const { tags, desired, reported } = device;
    const data = { tags, properties: { desired: desired.properties, reported: reported.properties } };
    this.devices.delete(deviceId);
    return data;
  }

  provisionDevice({ deviceId, thumbprint, data }: ProvisionedDevice): void {
    const authentication = { primaryThumbprint: thumbprint };
    if (this.devices.find(deviceId) !== undefined) {
      this.devices.update(deviceId, { authentication });
      return;
    }
    this.devices.create({ deviceId, authentication });
    const device = this.devices.require(deviceId);
    const { tags, properties } = data ?? {};
    if (tags !== undefined) device.tags = tags;
    if (properties?.desired !== undefined) device.desired.patch(properties.desired);
    if (properties?.reported !== undefined) device.reported.patch(properties.reported);
  }

  receivedTelemetry(deviceId?: string): readonly TelemetryMessage[] {
    return this.#telemetry.filter((message) => deviceId === undefined || message.deviceId === deviceId);
  }

  // Asynchronous like the service's own API, so that a test does not depend on the emulator being in its process.
  // eslint-disable-next-line @typescript-eslint/require-await -- what it throws must be a rejection
  async sendCloudToDevice(deviceId: string, message: CloudToDeviceMessage): Promise<EnqueuedMessage> {
    const device = this.devices.require(deviceId);
    const enqueued = device.queue.enqueue(message);
    device.deliverQueue();
    return enqueued;
  }

  async invokeMethod(deviceId: string, call: MethodCall): Promise<MethodResponse> {
    const device = this.devices.require(deviceId);
    return device.methods.invoke(call, device.sender('methods'));
  }

  getTwin(deviceId: string): DeviceTwin {
    return this.devices.require(deviceId).twin();
  }

  updateDesiredProperties(deviceId: string, patch: JsonObject): DeviceTwin {
    const device = this.devices.require(deviceId);
    device.desired.patch(patch);
    const $version = device.desired.version;
    device.sender('desired-properties')?.(
      `$iothub/twin/PATCH/properties/desired/?$version=${$version}`,
      JSON.stringify({ ...patch, $version }),
    );
    return device.twin();
  }

  dispose(): void {
    this.devices.dispose();
  }

  #readWill({ clientId, will }: IConnectPacket): Will | undefined {
    if (will === undefined) return undefined;
    const { properties, systemProperties } = parsePropertyBag(
      will.topic.slice(telemetryTopic(clientId).length),
    );
    return {
      body: Buffer.from(will.payload),
      properties: {
        properties: {
          ...properties,
          ...(will.retain === true && { 'mqtt-retain': 'true' }),
          'iothub-MessageType': 'Will',
        },
        systemProperties,
      },
    };
  }

  #eventsOf(device: Device): HubClientEvents {
    const { deviceId } = device;
    return {
      connected: () => this.#emitLater('deviceConnected', { deviceId }),
      subscribed: (topicFilter) => this.#emitLater('deviceSubscribed', { deviceId, topicFilter }),
      disconnected: (reason) => this.#emitLater('deviceDisconnected', { deviceId, reason }),
      telemetry: (body, properties) => this.#receive(deviceId, body, properties),
      reportedPropertiesUpdated: (patch) =>
        this.#emitLater('reportedPropertiesUpdated', { deviceId, patch, reported: device.reported.toJSON() }),
    };
  }

  #receive(deviceId: string, body: Buffer, properties: MessageProperties): void {
    const message = { deviceId, body, ...properties, enqueuedTime: new Date() };
    this.#telemetry.push(message);
    if (this.#telemetry.length > MAX_TELEMETRY) this.#telemetry.shift();
    this.#emitLater('telemetry', message);
  }

  /** Outside of the packet's handling, so that a listener that throws fails its test and not the device's connection. */
  #emitLater<Name extends keyof HubEvents>(name: Name, ...details: HubEvents[Name]): void {
    queueMicrotask(() => {
      // The compiler cannot relate the tuple of a generic name to what `emit` takes for that name.
      (this as EventEmitter).emit(name, ...details);
    });
  }
}
