import type { IConnectPacket } from 'mqtt-packet';
import type { HttpExchange } from '../devices/https/exchange';
import type { DisconnectReason, MqttConnection } from '../devices/mqtt/client';
import { firstRefusal, type ConnectVerdict } from '../devices/mqtt/connect/verdict';
import type { RoutableService } from '../devices/shared-port';
import type { ResolvedHub, ResolvedOptions } from '../options/resolve';
import type { UnverifiedBehavior } from '../options/unverified-behavior';
import { HubClient, type HubClientEvents } from './client';
import { CONNECT_STEPS, type HubConnectContext } from './connect/steps';
import { hostOf, isSameHost, parseUsername } from './connect/username';
import { readWill } from './connect/will';
import { FileService, isFileUploadPath } from './files/file-service';
import { createUploadAccess } from './files/upload-access';
import type { Identity } from './identities/identity';
import type { DeviceData, InitialTwin, LinkedHub, ProvisionedDevice } from './linked-hub';
import type { MessageProperties } from './messages/property-bag';
import { Recent } from './messages/recent';
import { ServiceSide } from './service-side';
import { TelemetryFileWriter } from './telemetry/telemetry-file';
import type { TelemetryFile, TelemetryFilter } from './telemetry/types';
import { newTwinContent, Twin } from './twins/twin';
import type { EventSource, HubEmulator, HubTarget, TelemetryMessage } from './types';

/**
 * The bytes of message bodies that are remembered. With more bytes, bodies would reach the old generation of the heap,
 * which doubles the cost of a large message.
 */
const MAX_TELEMETRY_BYTES = 4 * 1024 * 1024;

/** The listener of a hub. */
interface Listening {
  start(): Promise<void>;
  stop(reason: DisconnectReason): Promise<void>;
}

/** One IoT hub: its service side, and its side towards devices (MQTT, HTTPS) and DPS. */
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
  readonly #telemetryFiles = new Set<TelemetryFileWriter>();
  #isFinished = false;
  #hostName = '';
  #listener: Listening | undefined;

  constructor(
    { name, allocationWeight, latencyMs }: Pick<ResolvedHub, 'name' | 'allocationWeight' | 'latencyMs'>,
    unverifiedBehavior: UnverifiedBehavior,
    fileUploads: ResolvedOptions['fileUploads'] = {},
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
      access: createUploadAccess({
        find: (deviceId) => this.devices.find(deviceId),
        verifiedAuthorities: () => this.certificates.listVerified(),
        unverifiedBehavior,
      }),
    });
  }

  get hostName(): string {
    return this.#hostName;
  }

  /** Sets the host name when the port is known. Behind a proxy, it is the proxy's host name. */
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

  acceptsUsername(username: string): boolean {
    return isSameHost(hostOf(username), this.hostName);
  }

  acceptsRequest(host: string, path: string): boolean {
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
    const events = this.#eventsOf(identity);
    return {
      returnCode: 0,
      isSessionPresent,
      client: new HubClient({ connection, identity, apiVersion, will, events }),
    };
  }

  handleRequest(exchange: HttpExchange): void {
    this.fileUploads.handle(exchange);
  }

  /** Disconnects every device. */
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

  async writeTelemetryTo(path: string, filter: TelemetryFilter = {}): Promise<TelemetryFile> {
    const file = await TelemetryFileWriter.open(path, filter, (writer, error) => {
      this.#telemetryFiles.delete(writer);
      if (error !== undefined) this.emitLater('telemetryFileFailed', { path: error.path, error });
    });
    if (this.#isFinished) await file.close();
    else this.#telemetryFiles.add(file);
    return file;
  }

  dispose(): void {
    this.devices.dispose();
  }

  /** Ends all uploads, and closes the telemetry files. Never rejects. */
  async finish(): Promise<void> {
    this.#isFinished = true;
    // The event of the file has reported the failure.
    await Promise.allSettled([
      this.fileUploads.close(),
      ...[...this.#telemetryFiles].map((file) => file.close()),
    ]);
  }

  #eventsOf(identity: Identity): HubClientEvents {
    const { deviceId, moduleId } = identity;
    const source: EventSource = { deviceId, ...(moduleId !== undefined && { moduleId }) };
    return {
      connected: () => this.emitLater('deviceConnected', source),
      subscribed: (topicFilter) => this.emitLater('deviceSubscribed', { ...source, topicFilter }),
      disconnected: (reason) => this.emitLater('deviceDisconnected', { ...source, reason }),
      telemetry: (body, properties) => this.#receive(source, body, properties),
      lastWill: ({ body, properties }) => this.#receive(source, body, properties),
      reportedPropertiesUpdated: (patch, reported) =>
        this.emitLater('reportedPropertiesUpdated', { ...source, patch, reported }),
    };
  }

  /** Receives all telemetry of the hub. */
  #receive(source: EventSource, body: Buffer, { properties, systemProperties }: MessageProperties): void {
    const { deviceId, moduleId } = source;
    const enqueuedTime = new Date();
    // No spread syntax: it would take longer than the rest of this method, which runs for every message.
    const message: TelemetryMessage =
      moduleId === undefined
        ? { deviceId, body, properties, systemProperties, enqueuedTime }
        : { deviceId, moduleId, body, properties, systemProperties, enqueuedTime };
    this.#telemetry.add(message);
    for (const file of this.#telemetryFiles) file.write(message);
    this.emitLater('telemetry', message);
  }
}
