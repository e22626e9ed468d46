import { createServer, STATUS_CODES, type IncomingMessage, type Server } from 'node:http';
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

/** HTTP on the listener's port, which is there for the upgrade to WebSockets and for nothing else. */
export class WebSocketGate {
  readonly #http: Server;
  readonly #webSockets = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    perMessageDeflate: false,
    // One WebSocket frame may hold several packets, or a part of one.
    maxPayload: DEFAULT_LIMITS.maxUnsentBytes,
    handleProtocols: () => SUBPROTOCOL,
  });

  constructor(onStream: (stream: Duplex, socket: TLSSocket) => void) {
    this.#http = createServer((_request, response) => {
      response.writeHead(404, { connection: 'close' }).end();
    });
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
        // The listener gives nothing but TLS sockets to this gate; the type of the event is wider.
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
