import { once } from 'node:events';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import {
  generate,
  parser as createParser,
  type IConnectPacket,
  type Packet,
  type PacketCmd,
} from 'mqtt-packet';
import type { Emulator } from 'azure-iot-emulator';

/** The certificate and key of a client; none for a client without a certificate. */
export interface ClientIdentity {
  readonly fullChain: string;
  readonly privateKey: string;
}

/** What a packet of that type looks like. */
export type PacketOf<Command extends PacketCmd> = Extract<Packet, { cmd: Command }>;

/** An MQTT client that does nothing by itself: each packet is sent and awaited by the test. */
export class RawClient implements AsyncDisposable {
  readonly socket: TLSSocket;
  /** When the server has closed the connection. */
  readonly closed: Promise<void>;
  readonly #received: Packet[] = [];
  readonly #waiting: (() => void)[] = [];
  #isClosed = false;

  private constructor(socket: TLSSocket) {
    this.socket = socket;
    const parser = createParser({ protocolVersion: 4 });
    parser.on('packet', (packet) => {
      this.#received.push(packet);
      this.#wake();
    });
    socket.on('data', (chunk: Buffer) => parser.parse(chunk));
    socket.on('error', () => undefined);
    this.closed = new Promise((resolve) => {
      socket.on('close', () => {
        this.#isClosed = true;
        this.#wake();
        resolve();
      });
    });
  }

  /** Connects over TLS, verifying the server, without sending anything yet. */
  static async open(
    emulator: Pick<Emulator, 'ca'>,
    endpoint: string,
    identity?: ClientIdentity,
  ): Promise<RawClient> {
    const [host, port] = endpoint.split(':');
    const socket = connectTls({
      host,
      port: Number(port),
      servername: 'localhost',
      ca: emulator.ca,
      ...(identity && { cert: identity.fullChain, key: identity.privateKey }),
    });
    await once(socket, 'secureConnect');
    return new RawClient(socket);
  }

  send(packet: Packet): void {
    this.socket.write(generate(packet));
  }

  /** Sends bytes as they are. */
  write(bytes: Buffer | string): void {
    this.socket.write(bytes);
  }

  /** The next packet, whatever it is; `undefined` when the connection ended instead. */
  async next(): Promise<Packet | undefined> {
    for (;;) {
      const packet = this.#received.shift();
      if (packet !== undefined || this.#isClosed) return packet;
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
  }

  /** The next packet, which must be of that type. */
  async expect<Command extends PacketCmd>(command: Command): Promise<PacketOf<Command>> {
    const packet = await this.next();
    if (packet?.cmd !== command) throw new Error(`expected ${command}, got ${packet?.cmd ?? 'the end'}`);
    // The comparison above has picked this member of the union, which the compiler cannot follow for a generic.
    return packet as PacketOf<Command>;
  }

  /** Sends CONNECT and returns the return code and session flag of the answer. */
  async connect(packet: Partial<IConnectPacket> & { clientId: string }): Promise<PacketOf<'connack'>> {
    this.send({
      cmd: 'connect',
      protocolId: 'MQTT',
      protocolVersion: 4,
      clean: true,
      keepalive: 60,
      ...packet,
    });
    return this.expect('connack');
  }

  async subscribe(topic: string, qos: 0 | 1 | 2 = 1): Promise<PacketOf<'suback'>> {
    this.send({ cmd: 'subscribe', messageId: 1, subscriptions: [{ topic, qos }] });
    return this.expect('suback');
  }

  publish(
    topic: string,
    payload: string | Buffer = '',
    options: { qos?: 0 | 1 | 2; retain?: boolean } = {},
  ): void {
    const { qos = 0, retain = false } = options;
    this.send({ cmd: 'publish', topic, payload, qos, retain, dup: false, ...(qos > 0 && { messageId: 7 }) });
  }

  /** Publishes at QoS 1 and waits for the acknowledgement. */
  async publishAcknowledged(topic: string, payload: string | Buffer = ''): Promise<void> {
    this.publish(topic, payload, { qos: 1 });
    await this.expect('puback');
  }

  /** A round trip: everything sent before has been dealt with. */
  async ping(): Promise<void> {
    this.send({ cmd: 'pingreq' });
    await this.expect('pingresp');
  }

  /** Takes leave and waits for the end. */
  async disconnect(): Promise<void> {
    this.send({ cmd: 'disconnect' });
    await this.closed;
  }

  /** Drops the connection without taking leave. */
  async drop(): Promise<void> {
    this.socket.destroy();
    await this.closed;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.drop();
  }

  #wake(): void {
    for (const resolve of this.#waiting.splice(0)) resolve();
  }
}

/** The body of a message as JSON. */
export function jsonOf(packet: PacketOf<'publish'>): Record<string, unknown> {
  return JSON.parse(packet.payload.toString()) as Record<string, unknown>;
}
