import { ProtocolViolation } from './violation';

/** The largest length of the fixed header: the type byte and four bytes of remaining length (MQTT 3.1.1, 2.2.3). */
const MAX_HEADER_BYTES = 5;

/** The length of the first packet in the bytes, or `undefined` while its fixed header is incomplete. */
function packetLength(bytes: Buffer): number | undefined {
  let remaining = 0;
  for (let index = 1; index < MAX_HEADER_BYTES; index++) {
    const byte = bytes[index];
    if (byte === undefined) return undefined;
    remaining += (byte & 0x7f) * 128 ** (index - 1);
    if ((byte & 0x80) === 0) return index + 1 + remaining;
  }
  throw new ProtocolViolation('remaining length has more than four bytes (MQTT 3.1.1, 2.2.3)');
}

/** The number of pieces of a packet that are joined, because many small pieces cost more memory than their bytes. */
const MAX_CHUNKS = 64;

/** Cuts a byte stream into control packets, and refuses one that is too long before its body is held. */
export class FrameReader {
  /** Longest packet, header included. */
  maxPacketBytes: number;
  #chunks: Buffer[] = [];
  #size = 0;
  #needed: number | undefined;

  constructor(maxPacketBytes: number) {
    this.maxPacketBytes = maxPacketBytes;
  }

  /** Adds received bytes. */
  push(chunk: Buffer): void {
    this.#chunks.push(chunk);
    this.#size += chunk.length;
    if (this.#chunks.length > MAX_CHUNKS) this.#join();
  }

  /**
   * The complete packets, oldest first. Packets that the caller does not take stay for the next call.
   *
   * @throws ProtocolViolation when a packet is longer than the limit or its length cannot be read.
   */
  *take(): Generator<Buffer> {
    for (;;) {
      this.#needed ??= this.#readLength();
      if (this.#needed === undefined || this.#size < this.#needed) return;
      const bytes = this.#join();
      const frame = bytes.subarray(0, this.#needed);
      const rest = bytes.subarray(this.#needed);
      this.#chunks = rest.length === 0 ? [] : [rest];
      this.#size = rest.length;
      this.#needed = undefined;
      yield frame;
    }
  }

  #readLength(): number | undefined {
    const first = this.#chunks[0];
    if (first === undefined) return undefined;
    const length = packetLength(first.length >= MAX_HEADER_BYTES ? first : this.#join());
    if (length !== undefined && length > this.maxPacketBytes) {
      throw new ProtocolViolation(`packet of ${length} bytes, the limit is ${this.maxPacketBytes}`);
    }
    return length;
  }

  #join(): Buffer {
    const [only] = this.#chunks;
    if (only !== undefined && this.#chunks.length === 1) return only;
    const bytes = Buffer.concat(this.#chunks, this.#size);
    this.#chunks = [bytes];
    return bytes;
  }
}
