import type { Interceptor } from '../devices/interceptor';
import type { RoutableService } from '../devices/shared-port';
import { FaultCertificates, type FaultCertificatesInit } from './certificates';
import { HttpStrikes } from './request-faults';
import { LinkStrikes } from './connection-faults';
import { PacketStrikes } from './packet-faults';
import { PortInterceptor, type Strikes } from './port-interceptor';
import { FaultRegistry } from './registry';
import { ServiceActions } from './service-actions';
import { FaultServices, type FaultServicesInit, type NamedService } from './services';

/** Brings faults and ports together. The ports come first, then the services, and faults when everything is there. */
export class FaultInjection {
  readonly faults: FaultRegistry;
  #services = new FaultServices({ services: [], instances: [], linkedHubs: [], isPortShared: false });
  #actions: ServiceActions | undefined;
  #strikes: Strikes | undefined;

  /** @param seed - where the draws begin */
  constructor(seed: number) {
    this.faults = new FaultRegistry(seed, () => ({
      services: this.#services.names,
      linkedHubs: this.#services.init.linkedHubs.map(({ name }) => name),
      isPortShared: this.#services.init.isPortShared,
    }));
  }

  /** What comes between a port and its clients. @param service - `undefined` for a port that services share */
  interceptor(service: RoutableService | undefined): Interceptor {
    const named = (): NamedService | undefined => service && this.#services.of(service);
    return new PortInterceptor(this.faults, () => this.#requireStrikes(), named);
  }

  /** All services are there. */
  attach(services: FaultServicesInit, certificates: FaultCertificatesInit): void {
    const made = new FaultCertificates(certificates);
    this.#services = new FaultServices(services);
    this.#actions = new ServiceActions(this.#services);
    this.#strikes = {
      services: this.#services,
      links: new LinkStrikes(this.#actions, (kind) => made.context(kind)),
      packets: new PacketStrikes(this.#actions),
      http: new HttpStrikes(this.#actions),
    };
  }

  /** Removes all faults, and takes no more. */
  close(): void {
    this.#actions?.close();
    this.faults.close();
  }

  #requireStrikes(): Strikes {
    if (this.#strikes === undefined) throw new Error('there are no faults before there are services');
    return this.#strikes;
  }
}
