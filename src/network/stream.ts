import { isIP, type TcpNetConnectOpts } from 'node:net';
import * as tls from 'node:tls';
import type { Duplex } from 'node:stream';
import type * as Ws from 'ws';
import type { HttpProxy } from '../options/proxy';
import type { TransportKind } from '../options/types';
import { lookup } from './lookup';
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

/** Gets the stage at which the connection is now. */
type OnStage = (stage: WireStage) => void;

/** The server, and the options of TLS. */
interface Target extends Endpoint, Pick<TcpNetConnectOpts, 'lookup' | 'autoSelectFamilyAttemptTimeout'> {
  servername?: string;
  secureContext: tls.SecureContext;
}

/** The SDK's WebSocket transports append the port even to a host that has one: `wss://localhost:8443:443/…`. */
const DOUBLE_PORT = /^(wss:\/\/(?:\[[^\]]*\]|[^/:[]+):\d+):443\//;

/**
 * The time that one of several addresses of a host has before the next one is tried, in milliseconds. The 250 ms of
 * Node.js are less than the round trip of a satellite link, on which no address would ever be reached.
 */
const ATTEMPT_MS = 2_000;

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
export function openStream(uri: string, options: StreamOptions, onStage: OnStage): Duplex {
  const url = new URL(uri.replace(DOUBLE_PORT, '$1/'));
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1');
  const target: Target = {
    host,
    lookup,
    autoSelectFamilyAttemptTimeout: ATTEMPT_MS,
    port: url.port === '' ? (DEFAULT_PORT[url.protocol] ?? 8883) : Number(url.port),
    // An IP address must not be sent as server name (RFC 6066, section 3).
    ...(isIP(host) === 0 && { servername: host }),
    secureContext: clientContext(options.identity, options.ca),
  };
  return url.protocol === 'wss:'
    ? openWebSocket(url, target, options, onStage)
    : openSocket(target, options, onStage);
}

function openSocket(target: Target, options: StreamOptions, onStage: OnStage): tls.TLSSocket {
  if (isIP(target.host) === 0) onStage('lookup');
  const socket = tls.connect(target);
  socket.setNoDelay(true);
  socket.setKeepAlive(true, options.tcpKeepAliveMs);
  socket.once('lookup', (error: Error | null) => {
    if (!error) onStage('connect');
  });
  socket.once('connect', () => onStage('tls'));
  socket.once('secureConnect', () => onStage('connack'));
  return socket;
}

function openWebSocket(url: URL, target: Target, options: StreamOptions, onStage: OnStage): Duplex {
  // eslint-disable-next-line @typescript-eslint/no-require-imports -- loads late in CommonJS, bundlers and Jest alike
  const { WebSocket, createWebSocketStream } = require('ws') as typeof Ws;
  const over = new AbortController();
  const onTlsStage: OnStage = (stage) => onStage(stage === 'connack' ? 'upgrade' : stage);
  const socket = new WebSocket(url, ['mqtt'], {
    perMessageDeflate: false,
    createConnection: options.proxy
      ? throughProxy(options.proxy, target, options, onTlsStage, over.signal)
      : () => openSocket(target, options, onTlsStage),
  });
  socket.once('upgrade', () => onStage('connack'));
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
  { ca, tcpKeepAliveMs }: StreamOptions,
  onStage: OnStage,
  signal: AbortSignal,
): CreateConnection {
  const create = (_options: unknown, created: Created) => {
    onStage('proxy');
    openTunnel(proxy, target, { ca, signal }).then(
      (tunnel) => {
        tunnel.setKeepAlive(true, tcpKeepAliveMs);
        onStage('tls');
        const secured = tls.connect({ ...target, socket: tunnel });
        secured.once('secureConnect', () => onStage('connack'));
        created(null, secured);
      },
      (error: unknown) => created(error as Error),
    );
  };
  // `ws` passes it on to `http.request`, which takes a callback. The type of `ws` knows only the synchronous kind.
  return create as unknown as CreateConnection;
}
