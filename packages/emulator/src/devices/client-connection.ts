import type { X509Certificate } from 'node:crypto';
import type { Duplex } from 'node:stream';
import createDebug from 'debug';
import type { IConnectPacket, Packet } from 'mqtt-packet';
import { Acknowledgements } from './mqtt/acknowledgements';
import { Channel } from './mqtt/channel';
import type { DisconnectReason, GrantedQoS, MqttClient, OutgoingMessage } from './mqtt/client';
import { encode, PacketDecoder } from './mqtt/codec';
import { PROTOCOL_STEPS, undecodedRefusal } from './mqtt/connect/protocol-steps';
import { firstRefusal, type ConnectRefusal } from './mqtt/connect/verdict';
import { ExpectedAnswers } from './mqtt/expected-answers';
import { FrameReader } from './mqtt/frames';
import { KeepAlive } from './mqtt/keep-alive';
import type { InterceptedConnection, PacketInterceptor } from './mqtt/packet-interceptor';
import { handlePacket } from './mqtt/packets/handle-packet';
import type { Serving } from './mqtt/packets/serving';
import { ProtocolViolation } from './mqtt/violation';
import type { DeviceService } from './service';
import type { ConnectionLimits } from './tcp/limits';
import type { TcpConnection } from './tcp/tcp-connection';

const debug = createDebug('azure-iot-x509:emulator:mqtt');

/** The parts of a client's connection. */
export interface ClientConnectionInit {
  readonly stream: Duplex;
  readonly tcp: TcpConnection;
  readonly service: DeviceService;
  readonly certificates: readonly X509Certificate[];
  readonly limits: ConnectionLimits;
  readonly interceptor: PacketInterceptor | undefined;
  /** Called when CONNECT was accepted. */
  readonly onConnected: () => void;
  /** Called when the connection is closed, after the service has been notified. */
  readonly onClosed: () => void;
}

/** The server's side of one MQTT 3.1.1 connection over any stream: TLS, or WebSocket over TLS. */
export class ClientConnection implements InterceptedConnection {
  readonly certificates: readonly X509Certificate[];
  readonly channel: Channel;
  readonly expected = new ExpectedAnswers();
  readonly granted = new Map<string, GrantedQoS>();
  /** The acknowledgements of the messages to the client. */
  readonly #acknowledgements = new Acknowledgements();
  readonly #init: ClientConnectionInit;
  readonly #frames: FrameReader;
  readonly #decoder = new PacketDecoder();
  readonly #keepAlive = new KeepAlive();
  #connectPacket: IConnectPacket | undefined;
  #serving: Serving | undefined;
  #isFinished = false;

  constructor(init: ClientConnectionInit) {
    const { stream, tcp, limits, service, certificates } = init;
    this.#init = init;
    this.certificates = certificates;
    this.#frames = new FrameReader(limits.maxConnectBytes);
    this.channel = new Channel({
      stream,
      tcp,
      limits,
      events: {
        received: (bytes) => this.#receive(bytes),
        resumed: () => this.#handleFrames(),
        ended: () => this.close('connection-lost'),
        closed: () => this.#streamClosed(),
        failed: (error) => debug('%s: %s', service.label, error.message),
        overflowed: () => this.close('slow-consumer'),
      },
    });
  }

  get connectPacket(): IConnectPacket | undefined {
    return this.#connectPacket;
  }

  send(message: OutgoingMessage): number | undefined {
    const { topic, payload, qos, isRedelivery = false, packetId, onAcknowledged } = message;
    const publish = { cmd: 'publish', topic, payload, retain: false } as const;
    if (qos === 0) {
      this.write({ ...publish, qos, dup: false });
      onAcknowledged?.();
      return undefined;
    }
    const messageId = this.#acknowledgements.expect(onAcknowledged ?? (() => undefined), packetId);
    this.write({ ...publish, qos, dup: isRedelivery, messageId });
    return messageId;
  }

  close(reason: DisconnectReason): void {
    this.#finish(reason);
    this.channel.destroy();
  }

  closeAfterFlush(reason: DisconnectReason): void {
    if (this.#isFinished) return;
    this.#finish(reason);
    this.channel.end();
  }

  break(how: 'end' | 'reset'): void {
    this.#finish('connection-lost');
    this.channel.break(how);
  }

  write(packet: Packet): void {
    const { interceptor } = this.#init;
    if (this.#isFinished) return;
    const expected = this.expected.take(packet);
    if (expected !== undefined) expected.handle(packet);
    else if (interceptor?.isActive === true) interceptor.outgoing(packet, this, () => this.put(packet));
    else this.put(packet);
  }

  put(packet: Packet): void {
    this.channel.write(encode(packet));
  }

  putLater(packet: Packet, delayMs: number, onSent: () => void): () => void {
    return this.channel.writeLater(encode(packet), delayMs, onSent);
  }

  guard(run: () => void): void {
    try {
      run();
    } catch (error) {
      const text = error instanceof ProtocolViolation ? error.message : error;
      debug('%s: closing a client: %o', this.#init.service.label, text);
      this.close('protocol-violation');
    }
  }

  #receive(chunk: Buffer): void {
    if (this.#isFinished) return;
    this.#frames.push(chunk);
    this.#handleFrames();
  }

  #handleFrames(): void {
    if (this.#isClosed() || this.channel.isHeld) return;
    this.channel.cork();
    this.guard(() => {
      for (const frame of this.#frames.take()) {
        this.#keepAlive.refresh();
        const transferMs = this.channel.transferMs(frame.length);
        if (transferMs === 0) this.#handle(frame);
        else this.channel.later(transferMs, () => this.guard(() => this.#handle(frame)));
        if (this.#isClosed() || this.channel.isHeld) return;
      }
    });
    this.channel.uncork();
  }

  // A call, because the compiler takes a field for unchanged by the calls between two reads.
  #isClosed(): boolean {
    return this.#isFinished || this.channel.discardsIncoming;
  }

  #handle(frame: Buffer): void {
    if (this.#isClosed()) return;
    const packet = this.#serving === undefined ? this.#decodeConnect(frame) : this.#decoder.decode(frame);
    if (packet === undefined) return;
    const { interceptor } = this.#init;
    if (interceptor?.isActive !== true) this.#dispatch(packet);
    else interceptor.incoming(packet, this, () => this.guard(() => this.#dispatch(packet)));
  }

  #decodeConnect(frame: Buffer): IConnectPacket | undefined {
    const refusal = undecodedRefusal(frame);
    if (refusal !== undefined) {
      this.#refuse(refusal);
      return undefined;
    }
    const packet = this.#decoder.decode(frame);
    if (packet.cmd !== 'connect') return undefined;
    this.#connectPacket = packet;
    return packet;
  }

  #dispatch(packet: Packet): void {
    if (this.#isFinished) return;
    if (this.#serving === undefined) {
      if (packet.cmd === 'connect') this.#connect(packet);
      return;
    }
    this.#serving.client.active?.();
    handlePacket(this.#serving, packet);
  }

  #connect(packet: IConnectPacket): void {
    const { service, limits, onConnected } = this.#init;
    const verdict = firstRefusal(PROTOCOL_STEPS, packet) ?? service.connect(packet, this);
    if (verdict.returnCode !== 0) {
      this.#refuse(verdict);
      return;
    }
    onConnected();
    const { client, isSessionPresent } = verdict;
    this.#serving = this.#serve(client);
    this.#frames.maxPacketBytes = limits.maxPacketBytes;
    this.#keepAlive.watch(packet.keepalive ?? 0, limits.maxSilenceSeconds, () => this.#isSilent());
    this.write({ cmd: 'connack', returnCode: 0, sessionPresent: isSessionPresent });
    client.connected();
  }

  #serve(client: MqttClient): Serving {
    return {
      client,
      acknowledgements: this.#acknowledgements,
      granted: this.granted,
      write: (packet) => this.write(packet),
      closeAfterFlush: (reason) => this.closeAfterFlush(reason),
    };
  }

  #refuse({ returnCode, reason }: ConnectRefusal): void {
    debug('%s: CONNACK %d: %s', this.#init.service.label, returnCode, reason);
    // A refusing CONNACK never reports a session [MQTT-3.2.2-4], and the connection ends with it [MQTT-3.2.2-5].
    this.write({ cmd: 'connack', returnCode, sessionPresent: false });
    this.closeAfterFlush('refused');
  }

  /** The keep-alive has expired. Returns whether to go on watching. */
  #isSilent(): boolean {
    // While the connection is held, the client's packets are not read, so the client may not be silent.
    if (this.channel.isHeld) return true;
    this.close('keep-alive-expired');
    return false;
  }

  #streamClosed(): void {
    // The end of a swallowed connection is ignored too: the service keeps the client until its keep-alive expires.
    if (!this.channel.discardsIncoming || this.#serving === undefined) this.#finish('connection-lost');
    if (this.#isFinished) this.#init.onClosed();
  }

  /** The only place where a session ends. */
  #finish(reason: DisconnectReason): void {
    if (this.#isFinished) return;
    this.#isFinished = true;
    this.#keepAlive.stop();
    this.#acknowledgements.clear();
    debug('%s: closed: %s', this.#init.service.label, reason);
    this.#serving?.client.closed(reason);
    if (this.channel.isClosed) this.#init.onClosed();
  }
}
