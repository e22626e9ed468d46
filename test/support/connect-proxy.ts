import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import { connect, type AddressInfo, type Socket } from 'node:net';
import { createRootCertificate } from 'azure-iot-certificates';
import { createServerCertificate } from '../../packages/certificates/src/making/server';

/** What a {@link ConnectProxy} does with a request. Default: `connect`. */
type Behavior =
  /** Connects to the target. */
  | { kind: 'connect' }
  /** Answers with a status and closes. */
  | { kind: 'refuse'; status: number }
  /** Never answers. */
  | { kind: 'stall' }
  /** Closes without an answer. */
  | { kind: 'drop' }
  /** Answers with something that is no HTTP. */
  | { kind: 'babble' };

interface ConnectProxyOptions {
  readonly behavior?: Behavior;
  /** `user:password`; others are refused with status 407. */
  readonly credentials?: string;
  /** Where all connections go, whatever was asked for; for names that have no address here. */
  readonly target?: string;
  /** Whether the proxy itself speaks TLS. */
  readonly isSecure?: boolean;
}

/** An HTTP proxy on the loopback interface, which remembers what it was asked for. */
export interface ConnectProxy extends AsyncDisposable {
  /** `localhost:port`. */
  readonly name: string;
  /** `http://localhost:port`, or `https://…`. */
  readonly url: string;
  /** The root of its own certificate, when it speaks TLS. */
  readonly ca: string | undefined;
  /** What it was asked to connect to, oldest first. */
  readonly targets: readonly string[];
  /** TCP connections that are open now, on both sides. */
  readonly openSockets: number;
  /** Resolves when it has been asked for so many connections. */
  asked(times: number): Promise<void>;
}

/** Starts a proxy on a free port. */
export async function startConnectProxy(options: ConnectProxyOptions = {}): Promise<ConnectProxy> {
  const { behavior = { kind: 'connect' }, credentials, target, isSecure = false } = options;
  const targets: string[] = [];
  const sockets = new Set<Socket>();
  const waiting: [times: number, done: () => void][] = [];
  const track = (socket: Socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => undefined);
  };
  const { server, ca } = await createProxyServer(isSecure);
  server.on('connection', track);
  server.on('connect', ({ url = '', headers }: IncomingMessage, client: Socket, head: Buffer) => {
    client.on('error', () => undefined);
    targets.push(url);
    for (const [times, done] of waiting) if (targets.length >= times) done();
    const expected = credentials && `Basic ${Buffer.from(credentials).toString('base64')}`;
    const status = headers['proxy-authorization'] === expected ? 200 : 407;
    switch (status === 407 ? 'refuse' : behavior.kind) {
      case 'connect': {
        const upstream = connectTo(target ?? url);
        track(upstream);
        upstream.once('connect', () => {
          client.write('HTTP/1.1 200 Connection established\r\n\r\n');
          upstream.write(head);
          client.pipe(upstream).pipe(client);
        });
        upstream.on('error', () => client.end('HTTP/1.1 502 Bad Gateway\r\n\r\n'));
        upstream.on('close', () => client.destroy());
        client.on('close', () => upstream.destroy());
        break;
      }
      case 'refuse':
        client.end(
          `HTTP/1.1 ${behavior.kind === 'refuse' ? behavior.status : status} No\r\nContent-Length: 0\r\n\r\n`,
        );
        break;
      case 'drop':
        client.destroy();
        break;
      case 'babble':
        client.end('220 smtp.example.com ESMTP\r\n');
        break;
      case 'stall':
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const name = `localhost:${(server.address() as AddressInfo).port}`;
  return {
    name,
    url: `${isSecure ? 'https' : 'http'}://${name}`,
    ca,
    targets,
    get openSockets() {
      return sockets.size;
    },
    asked: async (times) => {
      if (targets.length < times) await new Promise<void>((resolve) => waiting.push([times, resolve]));
    },
    [Symbol.asyncDispose]: async () => {
      const closed = once(server, 'close');
      server.close();
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}

async function createProxyServer(isSecure: boolean): Promise<{ server: Server; ca: string | undefined }> {
  if (!isSecure) return { server: createServer(), ca: undefined };
  const issuer = await createRootCertificate({ commonName: 'Proxy root' });
  const { fullChain: cert, privateKey: key } = await createServerCertificate({
    issuer,
    hostNames: ['localhost'],
  });
  const server = createSecureServer({ cert, key });
  server.on('tlsClientError', () => undefined);
  return { server, ca: issuer.certificate };
}

function connectTo(authority: string): Socket {
  const [, host = '', port] = /^\[?([^\]]*?)\]?:(\d+)$/.exec(authority) ?? [];
  return connect({ host, port: Number(port) });
}
