import { once } from 'node:events';
import { type AddressInfo, type Socket } from 'node:net';
import { createServer, type TLSSocket } from 'node:tls';
import { generate, parser as createParser, type IPublishPacket, type Packet } from 'mqtt-packet';
import { createRootCertificate, type ValidityOptions } from 'azure-iot-certificates';
import { oncePerProcess } from './once';
import { createServerCertificate } from '../../packages/certificates/src/making/server';

type PacketOf<Command extends Packet['cmd']> = Extract<Packet, { cmd: Command }>;

/** One connection to a {@link ScriptedServer}, spoken to packet by packet. */
export class ScriptedClient {
  readonly socket: TLSSocket;
  readonly received: Packet[] = [];
  readonly #waiting: (() => void)[] = [];

  constructor(socket: TLSSocket) {
    this.socket = socket;
    const parser = createParser({ protocolVersion: 4 });
    // What is no MQTT is for the script to see on the socket itself.
    parser.on('error', () => undefined);
    parser.on('packet', (packet: Packet) => {
      this.received.push(packet);
      for (const wake of this.#waiting.splice(0)) wake();
    });
    socket.on('data', (data: Buffer) => parser.parse(data));
    socket.on('error', () => undefined);
    socket.on('close', () => {
      for (const wake of this.#waiting.splice(0)) wake();
    });
  }

  /** The next packet of that kind, taken from those received; rejects when the connection ends first. */
  async expect<Command extends Packet['cmd']>(cmd: Command): Promise<PacketOf<Command>> {
    for (;;) {
      const packet = await this.peek(cmd);
      const index = this.received.indexOf(packet);
      // Somebody else may have taken it meanwhile.
      if (index >= 0) return this.received.splice(index, 1)[0] as PacketOf<Command>;
    }
  }

  /** Like {@link expect}, leaving the packet to be expected again. */
  async peek<Command extends Packet['cmd']>(cmd: Command): Promise<PacketOf<Command>> {
    for (;;) {
      const packet = this.received.find((one) => one.cmd === cmd);
      if (packet) return packet as PacketOf<Command>;
      if (this.socket.destroyed) throw new Error(`The connection ended before ${cmd} came.`);
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
  }

  send(packet: Packet): void {
    this.socket.write(generate(packet));
  }

  /** Writes bytes that need not be MQTT. */
  write(bytes: Buffer | string): void {
    this.socket.write(bytes);
  }

  /** Closes after what was sent has left. */
  end(): void {
    this.socket.end();
  }

  drop(): void {
    this.socket.destroy();
  }

  /** CONNECT → CONNACK 0. */
  async accept(sessionPresent = false): Promise<void> {
    await this.expect('connect');
    this.send({ cmd: 'connack', returnCode: 0, sessionPresent });
  }

  /** SUBSCRIBE → SUBACK, granting what was asked. */
  async acceptSubscription(): Promise<string> {
    const { messageId = 0, subscriptions } = await this.expect('subscribe');
    this.send({ cmd: 'suback', messageId, granted: subscriptions.map(({ qos }) => qos) });
    return subscriptions.map(({ topic }) => topic).join();
  }

  /** PUBLISH → PUBACK (for QoS 1). */
  async acceptPublish(): Promise<IPublishPacket> {
    const packet = await this.expect('publish');
    if (packet.qos === 1) this.send({ cmd: 'puback', messageId: packet.messageId ?? 0 });
    return packet;
  }

  /** Answers a request of DPS with a status, a body and perhaps a delay. */
  answer(request: IPublishPacket, status: number, body: unknown, retryAfter?: number | string): void {
    const rid = /\$rid=([^&]*)/.exec(request.topic)?.[1] ?? '';
    this.send({
      cmd: 'publish',
      topic: `$dps/registrations/res/${status}/?$rid=${rid}${retryAfter === undefined ? '' : `&retry-after=${retryAfter}`}`,
      payload: Buffer.isBuffer(body) || typeof body === 'string' ? body : JSON.stringify(body),
      qos: 0,
      dup: false,
      retain: false,
    });
  }
}

/** A server that does what a test tells it, right or wrong, over real TLS on the loopback interface. */
export interface ScriptedServer extends AsyncDisposable {
  readonly port: number;
  /** `localhost:port`. */
  readonly endpoint: string;
  /** The root to trust, as PEM. */
  readonly ca: string;
  /** All connections so far. */
  readonly clients: readonly ScriptedClient[];
  /** TCP connections that are open now. */
  readonly openSockets: number;
  close(): Promise<void>;
}

/** What the certificate of a {@link ScriptedServer} says. */
interface ScriptedIdentity {
  readonly rootName?: string;
  readonly hostNames?: readonly string[];
  readonly validity?: ValidityOptions;
}

interface ServerIdentity {
  /** The root as PEM. */
  readonly root: string;
  readonly credentials: { readonly cert: string; readonly key: string };
}

async function makeIdentity({
  rootName = 'Scripted server root',
  hostNames = ['localhost', '127.0.0.1'],
  validity,
}: ScriptedIdentity): Promise<ServerIdentity> {
  const issuer = await createRootCertificate({
    commonName: rootName,
    // A root that has begun before what it signs.
    validity: {
      notBefore: new Date(Math.min(Date.now(), validity?.notBefore?.getTime() ?? Infinity)),
      notAfter: new Date(Date.now() + 365 * 86_400_000),
    },
  });
  const { fullChain, privateKey } = await createServerCertificate({
    issuer,
    hostNames,
    ...(validity && { validity }),
  });
  return { root: issuer.certificate, credentials: { cert: fullChain, key: privateKey } };
}

/** The identity of servers that ask for nothing special is made once. */
function identityOf(wanted: ScriptedIdentity): Promise<ServerIdentity> {
  return Object.keys(wanted).length > 0
    ? makeIdentity(wanted)
    : oncePerProcess('scripted server', () => makeIdentity(wanted));
}

/**
 * Starts a server that runs the script for each connection, with the number of the connection, from 1. What a script
 * throws because its connection ended is ignored.
 */
export async function startScriptedServer(
  script: (client: ScriptedClient, number: number) => unknown,
  identity: ScriptedIdentity = {},
): Promise<ScriptedServer> {
  const { root, credentials } = await identityOf(identity);
  const clients: ScriptedClient[] = [];
  const sockets = new Set<Socket>();
  const server = createServer(credentials, (socket) => {
    const client = new ScriptedClient(socket);
    clients.push(client);
    Promise.resolve(script(client, clients.length)).catch(() => undefined);
  });
  server.on('tlsClientError', () => undefined);
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const close = async () => {
    if (!server.listening) return;
    const closed = once(server, 'close');
    server.close();
    for (const socket of sockets) socket.destroy();
    await closed;
  };
  return {
    port,
    endpoint: `localhost:${port}`,
    ca: root,
    clients,
    get openSockets() {
      return sockets.size;
    },
    close,
    [Symbol.asyncDispose]: close,
  };
}
