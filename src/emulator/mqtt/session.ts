import type { X509Certificate } from 'node:crypto';
import type { Duplex } from 'node:stream';
import createDebug from 'debug';
import { generate, type IConnectPacket, type Packet } from 'mqtt-packet';
import { CONNECT, PacketDecoder, packetType, protocolLevel } from './codec';
import { FrameReader } from './frames';
import type { MqttLimits } from './limits';
import { handlePacket } from './packets';
import type { DisconnectReason, MqttClient, MqttConnection, MqttService, OutgoingMessage } from './service';
import { ProtocolViolation } from './violation';

const debug = createDebug('azure-iot-x509:emulator:mqtt');

/** What a session is made of. */
export interface SessionInit {
  readonly stream: Duplex;
  readonly service: MqttService;
  readonly certificates: readonly X509Certificate[];
  readonly limits: MqttLimits;
  /** CONNECT was accepted: the listener's time-out for it may end. */
  readonly onConnected: () => void;
  readonly onClosed: () => void;
}

/** The server's side of one MQTT 3.1.1 connection over any stream: TLS, or WebSocket over TLS. */
export class MqttSession implements MqttConnection {
  readonly certificates: readonly X509Certificate[];
  readonly #init: SessionInit;
  readonly #frames: FrameReader;
  readonly #decoder = new PacketDecoder();
  readonly #unacknowledged = new Map<number, () => void>();
  #client: MqttClient | undefined;
  #lastMessageId = 0;
  #keepAliveTimer: NodeJS.Timeout | undefined;
  #closeTimer: NodeJS.Timeout | undefined;
  #holds = 0;
  #isFinished = false;

  constructor(init: SessionInit) {
    this.#init = init;
    this.certificates = init.certificates;
    this.#frames = new FrameReader(init.limits.maxPacketBytes);
    const { stream } = init;
    stream.on('data', (chunk: Buffer) => this.#receive(chunk));
    stream.on('drain', () => this.#resume());
    stream.on('error', (error) => debug('%s: %s', init.service.label, error.message));
    stream.on('end', () => this.close('connection-lost'));
    stream.on('close', () => {
      clearTimeout(this.#closeTimer);
      this.#finish('connection-lost');
      init.onClosed();
    });
  }

  send(message: OutgoingMessage): void {
    const { topic, payload, qos, isRedelivery = false, onAcknowledged } = message;
    const publish = { cmd: 'publish', topic, payload, retain: false } as const;
    if (qos === 0) {
      this.write({ ...publish, qos, dup: false });
      onAcknowledged?.();
      return;
    }
    const messageId = this.#nextMessageId();
    this.#unacknowledged.set(messageId, onAcknowledged ?? (() => undefined));
    this.write({ ...publish, qos, dup: isRedelivery, messageId });
  }

  hold(): () => void {
    this.#holds++;
    this.#init.stream.pause();
    let isHeld = true;
    return () => {
      if (!isHeld) return;
      isHeld = false;
      this.#holds--;
      // What arrived meanwhile is handled later and not within the caller, who is in the middle of something else.
      setImmediate(() => this.#resume());
    };
  }

  close(reason: DisconnectReason): void {
    this.#finish(reason);
    this.#init.stream.destroy();
  }

  closeAfterFlush(reason: DisconnectReason): void {
    if (this.#isFinished) return;
    this.#finish(reason);
    const { stream, limits } = this.#init;
    // The client's end of the connection has to be read, or else its close would never be seen.
    stream.resume();
    stream.end();
    this.#closeTimer = setTimeout(() => stream.destroy(), limits.closeTimeoutMs).unref();
  }

  /** Sends a packet; closes a client that does not read. */
  write(packet: Packet): void {
    const { stream, limits } = this.#init;
    if (this.#isFinished || !stream.writable) return;
    const isFlowing = stream.write(generate(packet));
    if (stream.writableLength > limits.maxUnsentBytes) this.close('slow-consumer');
    // What the client asks is not read until it has read what it was answered.
    else if (!isFlowing) stream.pause();
  }

  /** A PUBACK came. One that answers nothing is ignored, as it may belong to an earlier connection. */
  acknowledged(messageId: number): void {
    const onAcknowledged = this.#unacknowledged.get(messageId);
    this.#unacknowledged.delete(messageId);
    onAcknowledged?.();
  }

  #receive(chunk: Buffer): void {
    if (this.#isFinished) return;
    this.#frames.push(chunk);
    this.#handleFrames();
  }

  #handleFrames(): void {
    const { stream, service } = this.#init;
    if (this.#isFinished || this.#isHeld()) return;
    stream.cork();
    try {
      for (const frame of this.#frames.take()) {
        this.#keepAliveTimer?.refresh();
        this.#handle(frame);
        if (this.#isClosed() || this.#isHeld()) return;
      }
    } catch (error) {
      // A defect of the emulator costs this client its connection and nobody else's.
      const text = error instanceof ProtocolViolation ? error.message : error;
      debug('%s: closing a client: %o', service.label, text);
      this.close('protocol-violation');
    } finally {
      stream.uncork();
    }
  }

  #resume(): void {
    this.#handleFrames();
    const { stream } = this.#init;
    if (!this.#isHeld() && !stream.writableNeedDrain) stream.resume();
  }

  // Calls, because the compiler takes a field for unchanged by the calls between two reads.
  #isClosed(): boolean {
    return this.#isFinished;
  }

  #isHeld(): boolean {
    return this.#holds > 0;
  }

  #handle(frame: Buffer): void {
    if (this.#client !== undefined) {
      this.#client.active?.();
      handlePacket(this, this.#client, this.#decoder.decode(frame));
      return;
    }
    if (packetType(frame) !== CONNECT) throw new ProtocolViolation('no CONNECT first [MQTT-3.1.0-1]');
    if (protocolLevel(frame) !== 4) {
      this.#refuse(1, 'protocol level is not 4, which is MQTT 3.1.1 [MQTT-3.1.2-2]');
      return;
    }
    const packet = this.#decoder.decode(frame);
    if (packet.cmd === 'connect') this.#connect(packet);
  }

  #connect(packet: IConnectPacket): void {
    const { service, onConnected } = this.#init;
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
    this.#watchKeepAlive(packet.keepalive ?? 0);
    this.write({ cmd: 'connack', returnCode: 0, sessionPresent: verdict.isSessionPresent });
    verdict.client.connected();
  }

  #refuse(returnCode: number, reason: string): void {
    debug('%s: CONNACK %d: %s', this.#init.service.label, returnCode, reason);
    // A refusing CONNACK never reports a session [MQTT-3.2.2-4], and the connection ends with it [MQTT-3.2.2-5].
    this.write({ cmd: 'connack', returnCode, sessionPresent: false });
    this.closeAfterFlush('refused');
  }

  #watchKeepAlive(keepAliveSeconds: number): void {
    const { maxSilenceSeconds } = this.#init.limits;
    // One and a half times the keep-alive [MQTT-3.1.2-24]. IoT Hub: never longer than 29.45 minutes. What a keep-alive
    // of 0 (no time-out, says MQTT) means to Azure is not documented; the emulator applies the same limit.
    const silence = keepAliveSeconds === 0 ? maxSilenceSeconds : keepAliveSeconds * 1.5;
    const timeoutMs = Math.min(silence, maxSilenceSeconds) * 1000;
    const timer = setTimeout(() => {
      // Nobody can be called silent whom nobody listens to.
      if (this.#isHeld()) timer.refresh();
      else this.close('keep-alive-expired');
    }, timeoutMs).unref();
    this.#keepAliveTimer = timer;
  }

  #nextMessageId(): number {
    // Not 0 [MQTT-2.3.1-1] and not one in use [MQTT-2.3.1-4]; the queue of a device is far shorter than the range.
    do this.#lastMessageId = (this.#lastMessageId % 0xffff) + 1;
    while (this.#unacknowledged.has(this.#lastMessageId));
    return this.#lastMessageId;
  }

  /** The only place where a session ends. */
  #finish(reason: DisconnectReason): void {
    if (this.#isFinished) return;
    this.#isFinished = true;
    clearTimeout(this.#keepAliveTimer);
    this.#unacknowledged.clear();
    debug('%s: closed: %s', this.#init.service.label, reason);
    this.#client?.closed(reason);
  }
}
