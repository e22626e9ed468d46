import type { Interceptor } from '../devices/interceptor';
import type { RoutableService } from '../devices/shared-port';
import { FaultCertificates, type FaultCertificatesInit } from './certificates';
import { ConnectionFaults } from './connection-faults';
import { PacketFaults } from './packet-faults';
import { PortInterceptor, type FaultActors } from './port-interceptor';
import { FaultRegistry } from './registry';
import { RequestFaults } from './request-faults';
import { ServiceActions } from './service-actions';
import { FaultServices, type FaultServicesInit, type NamedService } from './services';

/** The faults of an emulator. Its ports are opened first; the services are attached when all have started. */
export class FaultInjection {
  readonly faults = new FaultRegistry(() => ({
    services: this.#services.names,
    linkedHubs: this.#services.init.linkedHubs.map(({ name }) => name),
    isPortShared: this.#services.init.isPortShared,
  }));
  #services = new FaultServices({ services: [], instances: [], linkedHubs: [], isPortShared: false });
  #serviceActions: ServiceActions | undefined;
  #actors: FaultActors | undefined;

  /** The interceptor of a port. @param service - `undefined` for a shared port */
  interceptor(service: RoutableService | undefined): Interceptor {
    const named = (): NamedService | undefined => service && this.#services.of(service);
    return new PortInterceptor(this.faults, () => this.#requireActors(), named);
  }

  /** To be called when all services have started. */
  attach(services: FaultServicesInit, certificates: FaultCertificatesInit): void {
    const made = new FaultCertificates(certificates);
    this.#services = new FaultServices(services);
    this.#serviceActions = new ServiceActions(this.#services);
    this.#actors = {
      services: this.#services,
      connections: new ConnectionFaults(this.#serviceActions, (kind) => made.context(kind)),
      packets: new PacketFaults(this.#serviceActions),
      requests: new RequestFaults(this.#serviceActions),
    };
  }

  /** Removes all faults. No fault can be added afterwards. */
  close(): void {
    this.#serviceActions?.close();
    this.faults.close();
  }

  #requireActors(): FaultActors {
    if (this.#actors === undefined) throw new Error('faults are added after the services have started');
    return this.#actors;
  }
}
