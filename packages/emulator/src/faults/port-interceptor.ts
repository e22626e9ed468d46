import type { Packet } from 'mqtt-packet';
import type { HandshakeDepartures, InterceptedExchange, Interceptor } from '../devices/interceptor';
import type { Link } from '../devices/tcp/tcp-connection';
import type { MqttSession } from '../devices/mqtt/client-connection';
import { classifyIncoming, classifyOutgoing } from './classify';
import type { HttpStrikes } from './request-faults';
import type { LinkStrikes } from './connection-faults';
import type { PacketStrikes } from './packet-faults';
import type { FaultRegistry } from './registry';
import type { Subject } from './service-actions';
import { deviceOfRequest, type FaultServices, type NamedService } from './services';
import type { FaultStep } from './types';

/** What strikes, and at whom. */
export interface Strikes {
  readonly services: FaultServices;
  readonly links: LinkStrikes;
  readonly packets: PacketStrikes;
  readonly http: HttpStrikes;
}

/** Lets faults in at one port. */
export class PortInterceptor implements Interceptor {
  readonly #registry: FaultRegistry;
  readonly #strikes: () => Strikes;
  /** The service that the port is for; `undefined` for a port that services share. */
  readonly #service: () => NamedService | undefined;

  constructor(registry: FaultRegistry, strikes: () => Strikes, service: () => NamedService | undefined) {
    this.#registry = registry;
    this.#strikes = strikes;
    this.#service = service;
  }

  get isActive(): boolean {
    return this.#registry.isArmed;
  }

  accepted(link: Link, proceed: (departures?: HandshakeDepartures) => void): void {
    const service = this.#service();
    this.#strikes().links.run(
      link,
      () => this.#subject('tcp', service, undefined),
      () => this.#subject('tls', service, undefined),
      proceed,
    );
  }

  incoming(packet: Packet, session: MqttSession, proceed: () => void): void {
    const service = this.#serviceOf(session);
    const about = classifyIncoming(packet, service?.kind ?? 'hub');
    const subject = about && this.#subject(about.at, service, session.connectPacket?.clientId);
    if (about === undefined || subject === undefined) proceed();
    else this.#strikes().packets.incoming({ subject, session, packet, about, proceed });
  }

  outgoing(packet: Packet, session: MqttSession, proceed: () => void): void {
    const service = this.#serviceOf(session);
    const about = classifyOutgoing(packet, service?.kind ?? 'hub');
    const subject = about && this.#subject(about.at, service, session.connectPacket?.clientId);
    if (about === undefined || subject === undefined) proceed();
    else this.#strikes().packets.outgoing({ subject, session, packet, about, proceed });
  }

  request(exchange: InterceptedExchange, link: Link, proceed: () => void): void {
    const service = this.#service() ?? this.#strikes().services.requestedBy(exchange);
    const device = deviceOfRequest(service?.kind ?? 'hub', exchange);
    const subject = this.#subject('http', service, device);
    if (subject === undefined) proceed();
    else this.#strikes().http.run({ subject, exchange, link, proceed });
  }

  #serviceOf({ connectPacket }: MqttSession): NamedService | undefined {
    return this.#service() ?? this.#strikes().services.meantBy(connectPacket?.username ?? '');
  }

  #subject(
    at: FaultStep,
    service: NamedService | undefined,
    device: string | undefined,
  ): Subject | undefined {
    const fault = this.#registry.strike({ at, service: service?.name, device });
    return fault && { fault, service, device };
  }
}
