import type { IConnectPacket } from 'mqtt-packet';
import type { InitialTwin } from '../dps/allocation/types';
import type { DeviceData, LinkedHub, ProvisionedDevice } from '../dps/allocation/linked-hub';
import { FileService, isFileUploadPath } from './files/file-service';
import { createGatekeeper } from './files/upload-access';
import type { FileUploadOptions } from './files/types';
import {
  firstRefusal,
  type ConnectVerdict,
  type DisconnectReason,
  type HttpExchange,
  type MqttConnection,
} from '../devices/mqtt/service';
import type { RoutableService } from '../devices/shared-port';
import type { ResolvedHub } from '../options/resolve';
import { TelemetryRouter } from './telemetry/router';
import type {
  ReadTelemetryOptions,
  TelemetryFile,
  TelemetryFilter,
  TelemetryReader,
} from './telemetry/types';
import type { UnverifiedBehavior } from '../options/unverified-behavior';
import { HubClient, type HubClientEvents } from './client';
import { CONNECT_STEPS, type HubConnectContext } from './connect/steps';
import type { Identity } from './identities/identity';
import type { MessageProperties } from './messages/property-bag';
import { Recent } from './messages/recent';
import { ServiceSide } from './service-side';
import { newTwinContent, Twin } from './twins/twin';
import type { EventSource, HubEmulator, HubTarget, TelemetryMessage } from './types';
import { hostOf, isSameHost, parseUsername } from './connect/username';
import { readWill } from './connect/will';

/**
 * How much of the bodies of messages is remembered, in bytes. What is kept for longer has to be collected as old garbage,
 * which doubles the cost of a large message.
 */
const MAX_TELEMETRY_BYTES = 4 * 1024 * 1024;

/** What a hub is reached by. */
interface Listening {
  start(): Promise<void>;
  stop(reason: DisconnectReason): Promise<void>;
}

/** One IoT hub: what a service can do with it, and its side towards devices (MQTT, HTTPS) and towards DPS. */
export class Hub extends ServiceSide implements HubEmulator, RoutableService, LinkedHub {
  readonly name: string;
  readonly allocationWeight: number;
  readonly latencyMs: number;
  readonly label: string;
  readonly fileUploads: FileService;
  readonly #unverifiedBehavior: UnverifiedBehavior;
  readonly #telemetry = new Recent<TelemetryMessage>({
    maxSize: MAX_TELEMETRY_BYTES,
    sizeOf: ({ body }) => body.length,
  });
  readonly #router = new TelemetryRouter({
    remembered: () => this.#telemetry.items,
    onFileFailed: (error) => this.emitLater('telemetryFileFailed', { path: error.path, error }),
  });
  #hostName = '';
  #listener: Listening | undefined;

  constructor(
    { name, allocationWeight, latencyMs }: Pick<ResolvedHub, 'name' | 'allocationWeight' | 'latencyMs'>,
    unverifiedBehavior: UnverifiedBehavior,
    fileUploads: FileUploadOptions = {},
  ) {
    super(unverifiedBehavior);
    this.name = name;
    this.allocationWeight = allocationWeight;
    this.latencyMs = latencyMs;
    this.label = `hub ${name}`;
    this.#unverifiedBehavior = unverifiedBehavior;
    this.fileUploads = new FileService({
      hubName: name,
      hostName: () => this.hostName,
      options: fileUploads,
      onNotification: (notification) => this.emitLater('fileUploaded', notification),
      gatekeeper: createGatekeeper({
        find: (deviceId) => this.devices.find(deviceId),
        verifiedAuthorities: () => this.certificates.listVerified(),
        unverifiedBehavior,
      }),
    });
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
    return isSameHost(hostOf(username), this.hostName);
  }

  isRequestedBy(host: string, path: string): boolean {
    return isSameHost(host, this.hostName) && isFileUploadPath(path);
  }

  connect(packet: IConnectPacket, connection: MqttConnection): ConnectVerdict {
    const username = parseUsername(packet.username ?? '', packet.clientId);
    const identity = this.devices.findClient(packet.clientId);
    const context: HubConnectContext = {
      packet,
      hostName: this.hostName,
      username,
      identity,
      presented: connection.certificates,
      verifiedAuthorities: this.certificates.listVerified(),
      unverifiedBehavior: this.#unverifiedBehavior,
    };
    const refusal = firstRefusal(CONNECT_STEPS, context);
    if (refusal !== undefined) return refusal;
    if (identity === undefined) return { returnCode: 5, reason: 'there is no such device or module' };
    const will = readWill(packet, identity);
    const { modelId, apiVersion } = username ?? {};
    const isSessionPresent = identity.connect({ connection, isClean: packet.clean ?? true, modelId });
    const events = this.#eventsOf(identity, connection);
    return {
      returnCode: 0,
      isSessionPresent,
      client: new HubClient({ connection, identity, apiVersion, will, events }),
    };
  }

  handleRequest(exchange: HttpExchange): void {
    this.fileUploads.handle(exchange);
  }

  /** Drops every device without a word. */
  disconnectAll(reason: DisconnectReason): void {
    this.devices.disconnectAll(reason);
    this.fileUploads.disconnectAll();
  }

  releaseDevice(deviceId: string): DeviceData | undefined {
    const device = this.devices.find(deviceId);
    if (device === undefined) return undefined;
    const { tags, desired, reported } = device.twin.content;
    this.devices.delete(deviceId);
    return { tags, properties: { desired: desired.properties, reported: reported.properties } };
  }

  checkInitialTwin({ tags, properties }: InitialTwin): void {
    new Twin(newTwinContent(), () => undefined).adopt({ tags, desired: properties?.desired });
  }

  provisionDevice({ deviceId, thumbprint, data }: ProvisionedDevice): void {
    const authentication = { primaryThumbprint: thumbprint };
    if (this.devices.find(deviceId) !== undefined) {
      this.devices.update(deviceId, { authentication });
      return;
    }
    this.devices.create({ deviceId, authentication });
    const { tags, properties } = data ?? {};
    this.devices.require(deviceId).twin.adopt({ tags, ...properties });
  }

  receivedTelemetry(target?: HubTarget): readonly TelemetryMessage[] {
    if (target === undefined) return this.#telemetry.items;
    const wanted = typeof target === 'string' ? { deviceId: target } : target;
    return this.#telemetry.items.filter(
      ({ deviceId, moduleId }) => deviceId === wanted.deviceId && moduleId === wanted.moduleId,
    );
  }

  readTelemetry(options: ReadTelemetryOptions = {}): TelemetryReader {
    return this.#router.read(options);
  }

  writeTelemetryTo(path: string, filter: TelemetryFilter = {}): Promise<TelemetryFile> {
    return this.#router.writeTo(path, filter);
  }

  dispose(): void {
    this.devices.dispose();
  }

  /** Ends what is being read and uploaded, and writes what is to be written. */
  async finish(): Promise<void> {
    await Promise.all([this.#router.close(), this.fileUploads.close()]);
  }

  #eventsOf(identity: Identity, connection: MqttConnection): HubClientEvents {
    const { deviceId, moduleId } = identity;
    const source: EventSource = { deviceId, ...(moduleId !== undefined && { moduleId }) };
    return {
      connected: () => {
        this.#router.connected(source, connection);
        this.emitLater('deviceConnected', source);
      },
      subscribed: (topicFilter) => this.emitLater('deviceSubscribed', { ...source, topicFilter }),
      disconnected: (reason) => {
        this.#router.disconnected(connection);
        this.emitLater('deviceDisconnected', { ...source, reason });
      },
      telemetry: (body, properties) => this.#receive(source, body, properties, connection),
      lastWill: ({ body, properties }) => this.#receive(source, body, properties, undefined),
      reportedPropertiesUpdated: (patch, reported) =>
        this.emitLater('reportedPropertiesUpdated', { ...source, patch, reported }),
    };
  }

  /** The one place where telemetry arrives. @param connection - of the sender, if it still has one */
  #receive(
    source: EventSource,
    body: Buffer,
    { properties, systemProperties }: MessageProperties,
    connection: MqttConnection | undefined,
  ): void {
    const { deviceId, moduleId } = source;
    const enqueuedTime = new Date();
    // Not spread: that takes longer than all the rest, and this is done for every message.
    const message: TelemetryMessage =
      moduleId === undefined
        ? { deviceId, body, properties, systemProperties, enqueuedTime }
        : { deviceId, moduleId, body, properties, systemProperties, enqueuedTime };
    this.#telemetry.add(message);
    this.#router.push(message, connection);
    this.emitLater('telemetry', message);
  }
}
