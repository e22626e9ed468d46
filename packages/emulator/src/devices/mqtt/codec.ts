import { isUtf8 } from 'node:buffer';
import { types } from 'node:util';
import { generate, parser as createParser, type IPublishPacket, type Packet, type Parser } from 'mqtt-packet';
import { ProtocolViolation } from './violation';

/** The type numbers of packets (MQTT 3.1.1, 2.2.1). */
export const CONNECT = 1;
const PUBLISH = 3;
const PUBACK = 4;

/**
 * Reads one whole control packet at a time with the codec of MQTT.js. PUBLISH, the most frequent packet, has its own
 * reader.
 */
export class PacketDecoder {
  readonly #parser: Parser;
  /** The parser's result for the last frame. */
  #outcome: Packet | Error | undefined;

  constructor() {
    this.#parser = createParser({ protocolVersion: 4 });
    this.#parser.on('packet', (packet) => (this.#outcome = packet));
    this.#parser.on('error', (error: Error) => (this.#outcome = error));
  }

  /** @throws ProtocolViolation when the packet is malformed; the decoder must not be used after that. */
  decode(frame: Buffer): Packet {
    if (packetType(frame) === PUBLISH) return decodePublish(frame);
    const outcome = this.#parse(frame);
    if (outcome === undefined) throw new ProtocolViolation('malformed packet: its parts are longer than it');
    if (types.isNativeError(outcome)) throw new ProtocolViolation(`malformed packet: ${outcome.message}`);
    return outcome;
  }

  #parse(frame: Buffer): Packet | Error | undefined {
    this.#outcome = undefined;
    try {
      this.#parser.parse(frame);
    } catch (error) {
      // The codec reads beyond the end of some malformed packets.
      return types.isNativeError(error) ? error : new Error(String(error));
    }
    return this.#outcome;
  }
}

/** The packet type in the fixed header (MQTT 3.1.1, 2.2.1). */
export function packetType(frame: Buffer): number {
  return (frame[0] ?? 0) >> 4;
}

/**
 * PUBLISH (MQTT 3.1.1, 3.3), in a tenth of the codec's time.
 *
 * @throws ProtocolViolation
 */
function decodePublish(frame: Buffer): IPublishPacket {
  const [flags = 0] = frame;
  const qos = (flags >> 1) & 3;
  if (qos !== 0 && qos !== 1 && qos !== 2)
    throw new ProtocolViolation('malformed packet: QoS 3 [MQTT-3.3.1-4]');
  let start = 1;
  while (((frame[start] ?? 0) & 0x80) !== 0) start++;
  start++;
  const topicEnd = start + 2 + (start + 2 <= frame.length ? frame.readUInt16BE(start) : 0);
  const bodyStart = qos === 0 ? topicEnd : topicEnd + 2;
  if (bodyStart > frame.length)
    throw new ProtocolViolation('malformed packet: PUBLISH ends within its header');
  if (!isUtf8(frame.subarray(start + 2, topicEnd)))
    throw new ProtocolViolation('malformed packet: the topic is not UTF-8 [MQTT-1.5.3-1]');
  return {
    cmd: 'publish',
    topic: frame.toString('utf8', start + 2, topicEnd),
    payload: frame.subarray(bodyStart),
    qos,
    dup: (flags & 8) !== 0,
    retain: (flags & 1) !== 0,
    ...(qos !== 0 && { messageId: frame.readUInt16BE(topicEnd) }),
  };
}

/** The bytes of a packet. */
export function encode(packet: Packet): Buffer {
  const { cmd, messageId = 0 } = packet;
  // PUBACK is as frequent as PUBLISH.
  return cmd === 'puback'
    ? Buffer.from([PUBACK << 4, 2, messageId >> 8, messageId & 0xff])
    : generate(packet);
}

/**
 * The protocol level of a CONNECT packet, read before the packet is decoded, because a level that the codec does not
 * know must be answered and not only refused (MQTT 3.1.1, 3.1.2.2).
 *
 * @throws ProtocolViolation when the protocol is not called MQTT (or MQIsdp, as version 3.1 called it).
 */
export function protocolLevel(frame: Buffer): number {
  let start = 1;
  while (((frame[start] ?? 0) & 0x80) !== 0) start++;
  const nameStart = start + 3;
  const nameEnd = nameStart + (frame[start + 2] ?? 0);
  const name = frame.toString('latin1', nameStart, nameEnd);
  const level = frame[nameEnd];
  if (frame[start + 1] !== 0 || (name !== 'MQTT' && name !== 'MQIsdp') || level === undefined) {
    throw new ProtocolViolation('the protocol of CONNECT is not MQTT [MQTT-3.1.2-1]');
  }
  return level;
}
