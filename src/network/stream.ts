import { isIP } from 'node:net';
import * as tls from 'node:tls';
import type { Duplex } from 'node:stream';
import type * as Ws from 'ws';
import type { HttpProxy } from '../options/proxy';
import type { TransportKind } from '../options/types';
import { clientContext, type ClientIdentity } from './secure-context';
import { openTunnel, type Endpoint } from './tunnel';
import type { WireStage } from '../errors/wire-error';

/** Credentials and settings of a secure connection. */
export interface StreamOptions {
  identity: ClientIdentity;
  /** Roots to trust besides the runtime's own. */
  ca?: readonly string[] | undefined;
  /** Milliseconds between probes of an idle TCP connection by the operating system. */
  tcpKeepAliveMs: number;
  /** The proxy of a WebSocket. */
  proxy?: HttpProxy | undefined;
}

/** The server, and the options of TLS. */
interface Target extends Endpoint {
  servername?: string;
  secureContext: tls.SecureContext;
}

/** The SDK's WebSocket transports append the port even to a host that has one: `wss://localhost:8443:443/…`. */
const DOUBLE_PORT = /^(wss:\/\/(?:\[[^\]]*\]|[^/:[]+):\d+):443\//;

const DEFAULT_PORT: Readonly<Record<string, number>> = { 'mqtts:': 8883, 'wss:': 443 };

/** The URIs that the SDK's transports connect to. */
const URIS: Readonly<Record<TransportKind, (host: string) => string>> = {
  mqtt: (host) => `mqtts://${host}`,
  'mqtt-ws': (host) => `wss://${host}:443/$iothub/websocket`,
};

/** The URI that the SDK's transport will connect to. `host` may have a port. */
export function transportUri(transport: TransportKind, host: string): string {
  return URIS[transport](host);
}

/**
 * Opens the secure stream for a URI of the SDK (`mqtts://host[:port]` or `wss://host:443/$iothub/websocket`).
 * Throws what `node:tls` throws for a key or certificate it cannot use.
 */
export function openStream(uri: string, options: StreamOptions, onStage: (stage: WireStage) => void): Duplex {
  const url = new URL(uri.replace(DOUBLE_PORT, '$1/'));
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1');
  const target: Target = {
    host,
    port: url.port === '' ? (DEFAULT_PORT[url.protocol] ?? 8883) : Number(url.port),
    // An IP address must not be sent as server name (RFC 6066, section 3).
    ...(isIP(host) === 0 && { servername: host }),
    secureContext: clientContext(options.identity, options.ca),
  };
  return url.protocol === 'wss:'
    ? openWebSocket(url, target, options, onStage)
    : openSocket(target, options, onStage);
}

function openSocket(target: Target, options: StreamOptions, onStage: (stage: WireStage) => void): Duplex {
  const socket = tls.connect(target);
  socket.setNoDelay(true);
  socket.setKeepAlive(true, options.tcpKeepAliveMs);
  socket.once('connect', () => onStage('tls'));
  socket.once('secureConnect', () => onStage('connack'));
  return socket;
}

function openWebSocket(
  url: URL,
  target: Target,
  options: StreamOptions,
  onStage: (stage: WireStage) => void,
): Duplex {
  // eslint-disable-next-line @typescript-eslint/no-require-imports -- loads late in CommonJS, bundlers and Jest alike
  const { WebSocket, createWebSocketStream } = require('ws') as typeof Ws;
  const over = new AbortController();
  const socket = new WebSocket(url, ['mqtt'], {
    ...target,
    perMessageDeflate: false,
    ...(options.proxy && {
      createConnection: throughProxy(options.proxy, target, options, onStage, over.signal),
    }),
  });
  socket.once('upgrade', (response) => {
    response.socket.setKeepAlive(true, options.tcpKeepAliveMs);
    onStage('connack');
  });
  const stream = createWebSocketStream(socket);
  // When the connection breaks, only one side of the stream of a WebSocket ends. MQTT.js does not detect that.
  socket.once('close', () => {
    over.abort();
    stream.destroy();
  });
  return stream;
}

type CreateConnection = NonNullable<Ws.ClientOptions['createConnection']>;
type Created = (error: Error | null, socket?: Duplex) => void;

/** Makes the TLS connection of a WebSocket through a proxy. */
function throughProxy(
  proxy: HttpProxy,
  target: Target,
  { ca }: StreamOptions,
  onStage: (stage: WireStage) => void,
  signal: AbortSignal,
): CreateConnection {
  const create = (_options: unknown, created: Created) => {
    onStage('proxy');
    openTunnel(proxy, target, { ca, signal }).then(
      (tunnel) => {
        onStage('tls');
        created(null, tls.connect({ ...target, socket: tunnel }));
      },
      (error: unknown) => created(error as Error),
    );
  };
  // `ws` passes it on to `http.request`, which takes a callback. The type of `ws` knows only the synchronous kind.
  return create as unknown as CreateConnection;
}
