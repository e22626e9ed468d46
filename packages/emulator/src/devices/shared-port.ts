import type { IConnectPacket } from 'mqtt-packet';
import type { ConnectVerdict, HttpExchange, MqttConnection, MqttService } from './mqtt/service';

/** A service that can share its port with others. */
export interface RoutableService extends MqttService {
  /** Whether a client that sends this username wants this service. */
  isMeantBy(username: string): boolean;
  /** Whether a request for this host (without port, in lower case) and path is for this service. */
  isRequestedBy(host: string, path: string): boolean;
}

/** A service behind a shared port. While it is closed, its clients are dropped without a word. */
export interface Route {
  readonly service: RoutableService;
  isOpen: boolean;
}

/** Services behind one port, told apart by what each client asks for. */
export class Router implements MqttService {
  readonly label = 'shared port';
  readonly #routes: Route[] = [];

  /** Of several services that feel meant, the one that was added first gets the client. */
  add(service: RoutableService): Route {
    const route = { service, isOpen: true };
    this.#routes.push(route);
    return route;
  }

  connect(packet: IConnectPacket, connection: MqttConnection): ConnectVerdict {
    const username = packet.username ?? '';
    const route = this.#routes.find(({ service }) => service.isMeantBy(username));
    if (route === undefined) return { returnCode: 5, reason: 'the username names none of the services' };
    if (route.isOpen) return route.service.connect(packet, connection);
    connection.close('hub-stopped');
    return { returnCode: 3, reason: 'the service is stopped' };
  }

  handleRequest(exchange: HttpExchange): void {
    const { request, response } = exchange;
    const [host = ''] = (request.headers.host ?? '').toLowerCase().split(':');
    const [path = ''] = (request.url ?? '').split('?');
    const route = this.#routes.find(({ service }) => service.isRequestedBy(host, path));
    if (route?.isOpen === false) request.socket.destroy();
    else if (route?.service.handleRequest === undefined)
      response.writeHead(404, { connection: 'close' }).end();
    else route.service.handleRequest(exchange);
  }
}
