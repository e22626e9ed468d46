import { isIP } from 'node:net';
import * as tls from 'node:tls';
import type { Agent } from 'node:http';
import type { Duplex } from 'node:stream';
import { load } from './load';
import type { WireStage } from './wire-error';

/** What a secure connection is opened with. */
export interface StreamOptions {
  cert: string;
  key: string;
  /** Roots to trust besides the runtime's own. */
  ca?: readonly string[] | undefined;
  /** Milliseconds between probes of an idle TCP connection by the operating system. */
  tcpKeepAliveMs: number;
  /** Agent for WebSockets, e.g. for a proxy. */
  agent?: Agent | undefined;
}

/** The SDK's WebSocket transports append the port even to a host that has one: `wss://localhost:8443:443/…`. */
const DOUBLE_PORT = /^(wss:\/\/(?:\[[^\]]*\]|[^/:[]+):\d+):443\//;

const DEFAULT_PORT: Readonly<Record<string, number>> = { 'mqtts:': 8883, 'wss:': 443 };

/**
 * Opens the secure stream for a URI of the SDK (`mqtts://host[:port]` or `wss://host:443/$iothub/websocket`).
 * Throws what `node:tls` throws for a key or certificate it cannot use.
 */
export function openStream(uri: string, options: StreamOptions, onStage: (stage: WireStage) => void): Duplex {
  const url = new URL(uri.replace(DOUBLE_PORT, '$1/'));
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1');
  const target: tls.ConnectionOptions = {
    host,
    port: url.port === '' ? (DEFAULT_PORT[url.protocol] ?? 8883) : Number(url.port),
    // An IP address must not be sent as server name (RFC 6066, section 3).
    ...(isIP(host) === 0 && { servername: host }),
    secureContext: createContext(options),
  };
  return url.protocol === 'wss:'
    ? openWebSocket(url, target, options, onStage)
    : openSocket(target, options, onStage);
}

/** What a client presents and trusts. Throws what `node:tls` throws for a key or certificate it cannot use. */
export function createContext({ cert, key, ca = [] }: Partial<StreamOptions>): tls.SecureContext {
  // DPS and IoT Hub speak TLS 1.2 and, on newer endpoints, 1.3.
  const identity = { cert, key, minVersion: 'TLSv1.2' } as const;
  if (ca.length === 0) return tls.createSecureContext(identity);
  const context = tls.createSecureContext(identity);
  // What Node.js itself calls for each root of the option `ca`. With that option one has to give the runtime's own roots
  // as well, and reading those costs 25 ms a connection.
  const { addCACert } = context.context as { addCACert?: (pem: string) => void };
  if (!addCACert) return tls.createSecureContext({ ...identity, ca: [...tls.rootCertificates, ...ca] });
  for (const root of ca) addCACert.call(context.context, root);
  return context;
}

function openSocket(
  target: tls.ConnectionOptions,
  options: StreamOptions,
  onStage: (stage: WireStage) => void,
): Duplex {
  const socket = tls.connect(target);
  socket.setNoDelay(true);
  socket.setKeepAlive(true, options.tcpKeepAliveMs);
  socket.once('connect', () => onStage('tls'));
  socket.once('secureConnect', () => onStage('connack'));
  return socket;
}

function openWebSocket(
  url: URL,
  target: tls.ConnectionOptions,
  options: StreamOptions,
  onStage: (stage: WireStage) => void,
): Duplex {
  const { WebSocket, createWebSocketStream } = load.webSocket();
  const socket = new WebSocket(url, ['mqtt'], {
    ...target,
    perMessageDeflate: false,
    ...(options.agent && { agent: options.agent }),
  });
  socket.once('upgrade', (response) => {
    response.socket.setKeepAlive(true, options.tcpKeepAliveMs);
    onStage('connack');
  });
  const stream = createWebSocketStream(socket);
  // When the connection breaks, the stream of a WebSocket only ends, on one side; nobody would notice.
  socket.once('close', () => stream.destroy());
  return stream;
}
