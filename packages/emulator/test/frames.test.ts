import fc from 'fast-check';
import { generate, parser as createParser, type Packet } from 'mqtt-packet';
import { encode, PacketDecoder, protocolLevel } from '../src/devices/mqtt/codec';
import { FrameReader } from '../src/devices/mqtt/frames';

const publish = (size: number): Buffer =>
  generate({
    cmd: 'publish',
    topic: 'a',
    payload: Buffer.alloc(size, size % 251),
    qos: 0,
    dup: false,
    retain: false,
  });

describe('FrameReader', () => {
  it('cuts packets out of chunks of any size', () => {
    const packets = [0, 1, 120, 130, 20_000].map(publish);
    const stream = Buffer.concat(packets);
    for (const size of [1, 2, 3, 7, 100, 5000, stream.length]) {
      const reader = new FrameReader(100_000);
      const frames: Buffer[] = [];
      for (let start = 0; start < stream.length; start += size) {
        reader.push(stream.subarray(start, start + size));
        for (const frame of reader.take()) frames.push(frame);
      }
      expect(frames.length).toBe(packets.length);
      expect(Buffer.concat(frames).equals(stream)).toBe(true);
    }
  });

  it('keeps the packets that are not taken', () => {
    const reader = new FrameReader(1000);
    reader.push(Buffer.concat([publish(1), publish(2)]));
    const [first] = reader.take();
    const [second] = reader.take();
    expect([first?.length, second?.length]).toEqual([publish(1).length, publish(2).length]);
  });

  it('refuses a packet that is too long as soon as its length is known', () => {
    const reader = new FrameReader(1000);
    reader.push(publish(1000).subarray(0, 3));
    expect(() => [...reader.take()]).toThrow(/limit is 1000/);
  });

  it('refuses a length of more than four bytes', () => {
    const reader = new FrameReader(1000);
    reader.push(Buffer.from([0x30, 0xff, 0xff, 0xff, 0xff, 0x01]));
    expect(() => [...reader.take()]).toThrow(/four bytes/);
  });
});

describe('PacketDecoder', () => {
  it.each([
    ['reserved flags', Buffer.from([0xc1, 0x00])],
    ['a SUBSCRIBE whose filter is longer than it', Buffer.from([0x82, 0x05, 0x00, 0x01, 0x00, 0x7f, 0x61])],
    ['a PUBLISH without topic', Buffer.from([0x30, 0x01, 0x00])],
    ['a PUBLISH whose topic is not UTF-8', Buffer.from([0x30, 0x03, 0x00, 0x01, 0xff])],
    ['packet type 0', Buffer.from([0x00, 0x00])],
    ['both bits of QoS', Buffer.from([0x36, 0x04, 0x00, 0x01, 0x61, 0x00])],
  ])('refuses %s', (_title, frame) => {
    expect(() => new PacketDecoder().decode(frame)).toThrow(/malformed packet/);
  });

  it('reads any PUBLISH as the codec of MQTT.js does', () => {
    const publish = fc.record({
      topic: fc.string({ minLength: 1, unit: 'grapheme' }),
      payload: fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes)),
      qos: fc.constantFrom<0 | 1 | 2>(0, 1, 2),
      retain: fc.boolean(),
      dup: fc.boolean(),
      messageId: fc.integer({ min: 1, max: 65_535 }),
    });
    fc.assert(
      fc.property(publish, (packet) => {
        const frame = generate({ cmd: 'publish', ...packet });
        const parser = createParser({ protocolVersion: 4 });
        const packets: Packet[] = [];
        parser.on('packet', (read) => packets.push(read));
        parser.parse(frame);
        expect(packets).toHaveLength(1);
        expect(packets[0]).toMatchObject(new PacketDecoder().decode(frame));
      }),
    );
  });

  it('refuses a PUBLISH that is cut off anywhere before its payload', () => {
    const frame = generate({
      cmd: 'publish',
      topic: 'topic',
      payload: '',
      qos: 1,
      dup: false,
      retain: false,
      messageId: 7,
    });
    for (let length = 2; length < frame.length; length++) {
      expect(() => new PacketDecoder().decode(frame.subarray(0, length))).toThrow(/malformed packet/);
    }
  });
});

describe('encode', () => {
  it('writes PUBACK as the codec of MQTT.js does', () => {
    for (const messageId of [1, 255, 256, 65_535]) {
      expect(encode({ cmd: 'puback', messageId })).toEqual(generate({ cmd: 'puback', messageId }));
    }
  });
});

describe('protocolLevel', () => {
  it('reads any level, known to the codec or not', () => {
    const connect = generate({ cmd: 'connect', protocolId: 'MQTT', protocolVersion: 4, clientId: 'a' });
    expect(protocolLevel(connect)).toBe(4);
    connect.writeUInt8(9, 8);
    expect(protocolLevel(connect)).toBe(9);
  });

  it('refuses another protocol', () => {
    expect(() => protocolLevel(Buffer.from([0x10, 0x06, 0x00, 0x03, 0x41, 0x42, 0x43, 0x04]))).toThrow(
      /not MQTT/,
    );
    expect(() => protocolLevel(Buffer.from([0x10, 0x00]))).toThrow(/not MQTT/);
  });
});
