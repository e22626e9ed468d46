import type { X509Certificate } from 'node:crypto';
import type { Duplex } from 'node:stream';
import createDebug from 'debug';
import type { IConnectPacket, Packet } from 'mqtt-packet';
import { Acknowledgements } from './acknowledgements';
import { Channel } from './channel';
import { CONNECT, encode, PacketDecoder, packetType, protocolLevel } from './codec';
import { ExpectedAnswers } from './expected-answers';
import { FrameReader } from './frames';
import type { Interceptor } from '../interceptor';
import { KeepAlive } from './keep-alive';
import type { MqttLimits } from '../tcp/limits';
import type { Link } from '../tcp/tcp-connection';
import { handlePacket } from './packets/handle-packet';
import type {
  DisconnectReason,
  GrantedQoS,
  MqttClient,
  MqttConnection,
  MqttService,
  OutgoingMessage,
} from './service';
import { ProtocolViolation } from './violation';

const debug = createDebug('azure-iot-x509:emulator:mqtt');

/** What a session is made of. */
export interface SessionInit {
  readonly stream: Duplex;
  readonly link: Link;
  readonly service: MqttService;
  readonly certificates: readonly X509Certificate[];
  readonly limits: MqttLimits;
  readonly interceptor: Interceptor | undefined;
  /** CONNECT was accepted. */
  readonly onConnected: () => void;
  /** Neither the client nor the service holds on to the session any more. */
  readonly onClosed: () => void;
}

/** The server's side of one MQTT 3.1.1 connection over any stream: TLS, or WebSocket over TLS. */
export class MqttSession implements MqttConnection {
  readonly certificates: readonly X509Certificate[];
  readonly channel: Channel;
  /** Of messages to the client. */
  readonly acknowledgements = new Acknowledgements();
  /** What is not sent but dealt with. */
  readonly expected = new ExpectedAnswers();
  /** The QoS that was granted for each topic filter on this connection. */
  readonly granted = new Map<string, GrantedQoS>();
  readonly #init: SessionInit;
  readonly #frames: FrameReader;
  readonly #decoder = new PacketDecoder();
  readonly #keepAlive = new KeepAlive();
  #connectPacket: IConnectPacket | undefined;
  #client: MqttClient | undefined;
  #isFinished = false;

  constructor(init: SessionInit) {
    const { stream, link, limits, service, certificates } = init;
    this.#init = init;
    this.certificates = certificates;
    this.#frames = new FrameReader(limits.maxConnectBytes);
    this.channel = new Channel({
      stream,
      link,
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

  /** What the client said in its CONNECT packet; `undefined` until it came. */
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
    const messageId = this.acknowledgements.expect(onAcknowledged ?? (() => undefined), packetId);
    this.write({ ...publish, qos, dup: isRedelivery, messageId });
    return messageId;
  }

  hold(): () => void {
    return this.channel.hold();
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

  /** Breaks the connection as a failing network does. */
  break(how: 'end' | 'reset'): void {
    this.#finish('connection-lost');
    this.channel.break(how);
  }

  /** Sends a packet; closes a client that does not read. */
  write(packet: Packet): void {
    const { interceptor } = this.#init;
    if (this.#isFinished) return;
    const expected = this.expected.take(packet);
    if (expected !== undefined) expected.handle(packet);
    else if (interceptor?.isActive === true) interceptor.outgoing(packet, this, () => this.put(packet));
    else this.put(packet);
  }

  /** Sends a packet and lets nobody come between. */
  put(packet: Packet): void {
    this.channel.write(encode(packet));
  }

  /** Sends a packet after the delay, and all later ones after it. The returned function ends the delay. */
  putLater(packet: Packet, delayMs: number, onSent: () => void): () => void {
    return this.channel.writeLater(encode(packet), delayMs, onSent);
  }

  /** Runs something that deals with the client; a defect costs this client its connection and nobody else's. */
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
    return this.#isFinished || this.channel.isDeaf;
  }

  #handle(frame: Buffer): void {
    if (this.#isClosed()) return;
    const packet = this.#client === undefined ? this.#decodeConnect(frame) : this.#decoder.decode(frame);
    if (packet === undefined) return;
    const { interceptor } = this.#init;
    if (interceptor?.isActive !== true) this.#dispatch(packet);
    else interceptor.incoming(packet, this, () => this.guard(() => this.#dispatch(packet)));
  }

  #decodeConnect(frame: Buffer): IConnectPacket | undefined {
    if (packetType(frame) !== CONNECT) throw new ProtocolViolation('no CONNECT first [MQTT-3.1.0-1]');
    if (protocolLevel(frame) !== 4) {
      this.#refuse(1, 'protocol level is not 4, which is MQTT 3.1.1 [MQTT-3.1.2-2]');
      return undefined;
    }
    const packet = this.#decoder.decode(frame);
    if (packet.cmd !== 'connect') return undefined;
    this.#connectPacket = packet;
    return packet;
  }

  #dispatch(packet: Packet): void {
    if (this.#isFinished) return;
    if (this.#client === undefined) {
      if (packet.cmd === 'connect') this.#connect(packet);
      return;
    }
    this.#client.active?.();
    handlePacket(this, this.#client, packet);
  }

  #connect(packet: IConnectPacket): void {
    const { service, limits, onConnected } = this.#init;
    if (packet.clientId === '' && packet.clean === false) {
      this.#refuse(2, 'no ClientId for a session to be kept [MQTT-3.1.3-8]');
      return;
    }
    const verdict = service.connect(packet, this);
    if (verdict.returnCode !== 0) {
      this.#refuse(verdict.returnCode, verdict.reason);
      return;
    }
    onConnected();
    this.#client = verdict.client;
    this.#frames.maxPacketBytes = limits.maxPacketBytes;
    this.#keepAlive.watch(packet.keepalive ?? 0, limits.maxSilenceSeconds, () => this.#isSilent());
    this.write({ cmd: 'connack', returnCode: 0, sessionPresent: verdict.isSessionPresent });
    verdict.client.connected();
  }

  #refuse(returnCode: number, reason: string): void {
    debug('%s: CONNACK %d: %s', this.#init.service.label, returnCode, reason);
    // A refusing CONNACK never reports a session [MQTT-3.2.2-4], and the connection ends with it [MQTT-3.2.2-5].
    this.write({ cmd: 'connack', returnCode, sessionPresent: false });
    this.closeAfterFlush('refused');
  }

  /** The keep-alive has expired. Answers whether to go on watching. */
  #isSilent(): boolean {
    // Nobody can be called silent whom nobody listens to.
    if (this.channel.isHeld) return true;
    this.close('keep-alive-expired');
    return false;
  }

  #streamClosed(): void {
    // Who is not heard is not heard to leave, either: the service keeps the client until its keep-alive expires.
    if (!this.channel.isDeaf || this.#client === undefined) this.#finish('connection-lost');
    if (this.#isFinished) this.#init.onClosed();
  }

  /** The only place where a session ends. */
  #finish(reason: DisconnectReason): void {
    if (this.#isFinished) return;
    this.#isFinished = true;
    this.#keepAlive.stop();
    this.acknowledgements.clear();
    debug('%s: closed: %s', this.#init.service.label, reason);
    this.#client?.closed(reason);
    if (this.channel.isClosed) this.#init.onClosed();
  }
}
