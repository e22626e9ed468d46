import { createServer, IncomingMessage, STATUS_CODES, type Server, type ServerOptions } from 'node:http';
import type { Duplex } from 'node:stream';
import { TLSSocket } from 'node:tls';
import { createWebSocketStream, WebSocketServer } from 'ws';
import type { ConnectionLimits } from '../tcp/limits';
import type { TcpConnection } from '../tcp/tcp-connection';
import { DeferredResponse } from './deferred-response';
import { RequestLimits } from './request-limits';

/** The path of MQTT over WebSockets at Azure's services. */
const PATH = '/$iothub/websocket';

const SUBPROTOCOL = 'mqtt';

/** The time for which an HTTP connection may be idle, in milliseconds. */
const IDLE_TIMEOUT_MS = 60_000;

const HTTP_OPTIONS: ServerOptions<typeof IncomingMessage, typeof DeferredResponse> = {
  IncomingMessage,
  ServerResponse: DeferredResponse,
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

/** The handlers of an HTTP server. */
export interface HttpServerInit {
  readonly limits: ConnectionLimits;
  /** A WebSocket that speaks MQTT. */
  readonly onStream: (stream: Duplex, socket: TLSSocket, tcp: TcpConnection) => void;
  /** Any other request. */
  readonly onRequest: (
    request: IncomingMessage,
    response: DeferredResponse,
    socket: TLSSocket,
    tcp: TcpConnection,
  ) => void;
}

/** HTTP on a listener's port: the upgrade to MQTT over WebSockets, and requests over HTTPS. */
export class HttpServer {
  readonly #init: HttpServerInit;
  readonly #http: Server<typeof IncomingMessage, typeof DeferredResponse>;
  readonly #connections = new WeakMap<Duplex, TcpConnection>();
  readonly #webSockets: WebSocketServer;

  constructor(init: HttpServerInit) {
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

  serve(socket: TLSSocket, tcp: TcpConnection): void {
    this.#connections.set(socket, tcp);
    this.#http.emit('connection', socket);
  }

  close(): void {
    this.#webSockets.close();
    this.#http.close();
  }

  #pass(request: IncomingMessage, response: DeferredResponse): void {
    const { socket } = request;
    const tcp = this.#connections.get(socket);
    // The listener serves TLS sockets only; the type of the request is wider.
    if (!(socket instanceof TLSSocket) || tcp === undefined) return;
    RequestLimits.of(tcp, this.#init.limits).watch(request, response);
    this.#init.onRequest(request, response, socket, tcp);
  }

  #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    const tcp = this.#connections.get(socket);
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
      if (!(socket instanceof TLSSocket) || tcp === undefined) return;
      // The stream handles the first error only; a second one would end the process.
      webSocket.on('error', () => undefined);
      this.#init.onStream(createWebSocketStream(webSocket), socket, tcp);
    });
  }
}
