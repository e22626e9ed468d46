import { createServer, IncomingMessage, STATUS_CODES, type Server, type ServerOptions } from 'node:http';
import type { Duplex } from 'node:stream';
import { TLSSocket } from 'node:tls';
import { createWebSocketStream, WebSocketServer } from 'ws';
import { HttpLimits } from './request-limits';
import { WatchedResponse } from './deferred-response';
import type { MqttLimits } from '../tcp/limits';
import type { Link } from '../tcp/tcp-connection';

/** Where Azure's services speak MQTT over WebSockets. */
const PATH = '/$iothub/websocket';

const SUBPROTOCOL = 'mqtt';

/** How long an HTTP connection may be idle, in milliseconds. */
const IDLE_TIMEOUT_MS = 60_000;

const HTTP_OPTIONS: ServerOptions<typeof IncomingMessage, typeof WatchedResponse> = {
  IncomingMessage,
  ServerResponse: WatchedResponse,
  maxHeaderSize: 16 * 1024,
};

function refuse(socket: Duplex, status: number): void {
  socket.end(
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`,
  );
}

function offersMqtt(request: IncomingMessage): boolean {
  const offered = request.headers['sec-websocket-protocol'] ?? '';
  return offered.split(',').some((name) => name.trim() === SUBPROTOCOL);
}

/** What comes through the gate. */
export interface HttpGateInit {
  readonly limits: MqttLimits;
  /** A WebSocket that speaks MQTT. */
  readonly onStream: (stream: Duplex, socket: TLSSocket, link: Link) => void;
  /** Any other request. */
  readonly onRequest: (
    request: IncomingMessage,
    response: WatchedResponse,
    socket: TLSSocket,
    link: Link,
  ) => void;
}

/** HTTP on the listener's port: the upgrade to WebSockets, and what a service offers over HTTPS. */
export class HttpGate {
  readonly #init: HttpGateInit;
  readonly #http: Server<typeof IncomingMessage, typeof WatchedResponse>;
  readonly #links = new WeakMap<Duplex, Link>();
  readonly #webSockets: WebSocketServer;

  constructor(init: HttpGateInit) {
    this.#init = init;
    this.#webSockets = new WebSocketServer({
      noServer: true,
      clientTracking: false,
      perMessageDeflate: false,
      // One WebSocket frame may hold several packets, or a part of one.
      maxPayload: init.limits.maxUnsentBytes,
      handleProtocols: () => SUBPROTOCOL,
    });
    this.#http = createServer(HTTP_OPTIONS, (request, response) => this.#pass(request, response));
    this.#http.timeout = IDLE_TIMEOUT_MS;
    this.#http.maxHeadersCount = 100;
    this.#http.maxRequestsPerSocket = 1000;
    this.#http.on('upgrade', (request, socket, head) => this.#upgrade(request, socket, head));
  }

  serve(socket: TLSSocket, link: Link): void {
    this.#links.set(socket, link);
    this.#http.emit('connection', socket);
  }

  close(): void {
    this.#webSockets.close();
    this.#http.close();
  }

  #pass(request: IncomingMessage, response: WatchedResponse): void {
    const { socket } = request;
    const link = this.#links.get(socket);
    // The listener gives nothing but TLS sockets to this gate; the type of the request is wider.
    if (!(socket instanceof TLSSocket) || link === undefined) return;
    HttpLimits.of(link, this.#init.limits).watch(request, response);
    this.#init.onRequest(request, response, socket, link);
  }

  #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    const link = this.#links.get(socket);
    const [path] = (request.url ?? '').split('?');
    if (path !== PATH) {
      refuse(socket, 404);
      return;
    }
    if (!offersMqtt(request)) {
      refuse(socket, 400);
      return;
    }
    this.#webSockets.handleUpgrade(request, socket, head, (webSocket) => {
      if (!(socket instanceof TLSSocket) || link === undefined) return;
      // The stream hears of the first error only, and of a second the process would.
      webSocket.on('error', () => undefined);
      this.#init.onStream(createWebSocketStream(webSocket), socket, link);
    });
  }
}
