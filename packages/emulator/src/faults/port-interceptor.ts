import type { Packet } from 'mqtt-packet';
import type { HandshakeOverrides, InterceptedExchange, Interceptor } from '../devices/interceptor';
import type { InterceptedConnection } from '../devices/mqtt/packet-interceptor';
import type { TcpConnection } from '../devices/tcp/tcp-connection';
import { classifyIncoming, classifyOutgoing } from './classify';
import type { ConnectionFaults } from './connection-faults';
import type { PacketFaults } from './packet-faults';
import type { FaultRegistry } from './registry';
import type { RequestFaults } from './request-faults';
import type { Subject } from './service-actions';
import { deviceOfRequest, type FaultServices, type NamedService } from './services';
import type { FaultStep } from './types';

/** The classes that perform the actions of faults. */
export interface FaultActors {
  readonly services: FaultServices;
  readonly connections: ConnectionFaults;
  readonly packets: PacketFaults;
  readonly requests: RequestFaults;
}

/** The interceptor of one port, which finds the faults that hit. */
export class PortInterceptor implements Interceptor {
  readonly #registry: FaultRegistry;
  readonly #actors: () => FaultActors;
  /** The service that the port is for; `undefined` for a port that services share. */
  readonly #service: () => NamedService | undefined;

  constructor(registry: FaultRegistry, actors: () => FaultActors, service: () => NamedService | undefined) {
    this.#registry = registry;
    this.#actors = actors;
    this.#service = service;
  }

  get isActive(): boolean {
    return this.#registry.isArmed;
  }

  accepted(tcp: TcpConnection, proceed: (overrides?: HandshakeOverrides) => void): void {
    const service = this.#service();
    this.#actors().connections.run(tcp, (step) => this.#subject(step, service, undefined), proceed);
  }

  incoming(packet: Packet, connection: InterceptedConnection, proceed: () => void): void {
    const service = this.#serviceOf(connection);
    const about = classifyIncoming(packet, service?.kind ?? 'hub');
    const subject = about && this.#subject(about.at, service, connection.connectPacket?.clientId);
    if (about === undefined || subject === undefined) proceed();
    else this.#actors().packets.incoming({ subject, connection, packet, about, proceed });
  }

  outgoing(packet: Packet, connection: InterceptedConnection, proceed: () => void): void {
    const service = this.#serviceOf(connection);
    const about = classifyOutgoing(packet, service?.kind ?? 'hub');
    const subject = about && this.#subject(about.at, service, connection.connectPacket?.clientId);
    if (about === undefined || subject === undefined) proceed();
    else this.#actors().packets.outgoing({ subject, connection, packet, about, proceed });
  }

  request(exchange: InterceptedExchange, tcp: TcpConnection, proceed: () => void): void {
    const service = this.#service() ?? this.#actors().services.byRequest(exchange);
    const device = deviceOfRequest(service?.kind ?? 'hub', exchange);
    const subject = this.#subject('http', service, device);
    if (subject === undefined) proceed();
    else this.#actors().requests.run({ subject, exchange, tcp, proceed });
  }

  #serviceOf({ connectPacket }: InterceptedConnection): NamedService | undefined {
    return this.#service() ?? this.#actors().services.byUsername(connectPacket?.username ?? '');
  }

  #subject(
    at: FaultStep,
    service: NamedService | undefined,
    device: string | undefined,
  ): Subject | undefined {
    const fault = this.#registry.findHit({ at, service: service?.name, device });
    return fault && { fault, service, device };
  }
}
