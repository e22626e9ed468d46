import { parser as createParser, type Packet, type Parser } from 'mqtt-packet';
import { ProtocolViolation } from './violation';

/** Reads one whole control packet at a time with the codec of MQTT.js. */
export class PacketDecoder {
  readonly #parser: Parser;
  /** What the parser made of the last frame. */
  #outcome: Packet | Error | undefined;

  constructor() {
    this.#parser = createParser({ protocolVersion: 4 });
    this.#parser.on('packet', (packet) => (this.#outcome = packet));
    this.#parser.on('error', (error: Error) => (this.#outcome = error));
  }

  /** @throws ProtocolViolation when the packet is malformed; the decoder must not be used after that. */
  decode(frame: Buffer): Packet {
    const outcome = this.#parse(frame);
    if (outcome === undefined) throw new ProtocolViolation('malformed packet: its parts are longer than it');
    if (outcome instanceof Error) throw new ProtocolViolation(`malformed packet: ${outcome.message}`);
    return outcome;
  }

  #parse(frame: Buffer): Packet | Error | undefined {
    this.#outcome = undefined;
    try {
      this.#parser.parse(frame);
    } catch (error) {
      // The codec reads beyond the end of some malformed packets.
      return error instanceof Error ? error : new Error(String(error));
    }
    return this.#outcome;
  }
}

/** The packet type in the fixed header (MQTT 3.1.1, 2.2.1). */
export function packetType(frame: Buffer): number {
  return (frame[0] ?? 0) >> 4;
}

/** The type number of CONNECT. */
export const CONNECT = 1;

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
