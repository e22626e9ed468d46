import {
  createServer,
  STATUS_CODES,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http';
import type { Duplex } from 'node:stream';
import { TLSSocket } from 'node:tls';
import { createWebSocketStream, WebSocketServer } from 'ws';
import { DEFAULT_LIMITS } from './limits';

/** Where Azure's services speak MQTT over WebSockets. */
const PATH = '/$iothub/websocket';

const SUBPROTOCOL = 'mqtt';

function refuse(socket: Duplex, status: number): void {
  socket.end(
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`,
  );
}

function offersMqtt(request: IncomingMessage): boolean {
  const offered = request.headers['sec-websocket-protocol'] ?? '';
  return offered.split(',').some((name) => name.trim() === SUBPROTOCOL);
}

/** How long an HTTP connection may be idle, in milliseconds. */
const IDLE_TIMEOUT_MS = 60_000;

/** What comes through the gate. */
export interface HttpGateEvents {
  /** A WebSocket that speaks MQTT. */
  readonly onStream: (stream: Duplex, socket: TLSSocket) => void;
  /** Any other request. */
  readonly onRequest: (request: IncomingMessage, response: ServerResponse, socket: TLSSocket) => void;
}

/** HTTP on the listener's port: the upgrade to WebSockets, and what a service offers over HTTPS. */
export class HttpGate {
  readonly #http: Server;
  readonly #webSockets = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    perMessageDeflate: false,
    // One WebSocket frame may hold several packets, or a part of one.
    maxPayload: DEFAULT_LIMITS.maxUnsentBytes,
    handleProtocols: () => SUBPROTOCOL,
  });

  constructor({ onStream, onRequest }: HttpGateEvents) {
    this.#http = createServer((request, response) => {
      // The listener gives nothing but TLS sockets to this gate; the type of the request is wider.
      if (request.socket instanceof TLSSocket) onRequest(request, response, request.socket);
    });
    this.#http.timeout = IDLE_TIMEOUT_MS;
    this.#http.on('upgrade', (request, socket, head) => {
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
        if (socket instanceof TLSSocket) onStream(createWebSocketStream(webSocket), socket);
      });
    });
  }

  serve(socket: TLSSocket): void {
    this.#http.emit('connection', socket);
  }

  close(): void {
    this.#webSockets.close();
    this.#http.close();
  }
}
