import type { IncomingMessage } from 'node:http';
import type { IConnectPacket } from 'mqtt-packet';
import type { HttpExchange } from './https/exchange';
import type { MqttConnection } from './mqtt/client';
import type { ConnectVerdict } from './mqtt/connect/verdict';
import type { DeviceService } from './service';

/** A service that can share its port with others. */
export interface RoutableService extends DeviceService {
  /** Tells whether the username of a CONNECT packet names this service. */
  acceptsUsername(username: string): boolean;
  /** Tells whether a request with this host (without port, in lower case) and path is for this service. */
  acceptsRequest(host: string, path: string): boolean;
}

/** A service behind a shared port. While it is closed, its clients are disconnected. */
export interface Route {
  readonly service: RoutableService;
  isOpen: boolean;
}

/** The first service that accepts the request. */
export function findRequested<T extends { readonly service: RoutableService }>(
  services: readonly T[],
  { headers, url = '' }: IncomingMessage,
): T | undefined {
  const [host = ''] = (headers.host ?? '').toLowerCase().split(':');
  const [path = ''] = url.split('?');
  return services.find(({ service }) => service.acceptsRequest(host, path));
}

/** Several services on one port. If several services accept a client, the first one added gets it. */
export class SharedPort implements DeviceService {
  readonly label = 'shared port';
  readonly #routes: Route[] = [];

  add(service: RoutableService): Route {
    const route = { service, isOpen: true };
    this.#routes.push(route);
    return route;
  }

  connect(packet: IConnectPacket, connection: MqttConnection): ConnectVerdict {
    const route = this.#routes.find(({ service }) => service.acceptsUsername(packet.username ?? ''));
    if (route === undefined) return { returnCode: 5, reason: 'the username names none of the services' };
    if (route.isOpen) return route.service.connect(packet, connection);
    connection.close('hub-stopped');
    return { returnCode: 3, reason: 'the service is stopped' };
  }

  handleRequest(exchange: HttpExchange): void {
    const { request, response } = exchange;
    const route = findRequested(this.#routes, request);
    if (route?.isOpen === false) request.socket.destroy();
    else if (route?.service.handleRequest === undefined)
      response.writeHead(404, { connection: 'close' }).end();
    else route.service.handleRequest(exchange);
  }
}
