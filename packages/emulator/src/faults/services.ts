import { commonName } from '../authorities/x509';
import { decodePath, type HttpExchange } from '../devices/https/exchange';
import type { DisconnectReason } from '../devices/mqtt/client';
import { findRequested, type RoutableService } from '../devices/shared-port';
import type { DpsEmulator } from '../dps/types/dps';
import type { HubEmulator } from '../hub/types';
import type { ServiceKind } from './classify';

/** A listener that can be stopped, and started again on the same port. */
interface Restartable {
  start(): Promise<void>;
  stop(reason: DisconnectReason): Promise<void>;
}

/** A service with its listener. */
export interface NamedService {
  readonly name: string;
  readonly kind: ServiceKind;
  readonly service: RoutableService;
  readonly listening: Restartable;
  /** Absent for DPS. */
  readonly hub?: HubEmulator;
}

/** The services of an emulator. */
export interface FaultServicesInit {
  readonly services: readonly NamedService[];
  /** DPS and the IoT Central applications. */
  readonly instances: readonly DpsEmulator[];
  readonly linkedHubs: readonly HubEmulator[];
  readonly isPortShared: boolean;
}

const HTTP_DEVICE: Readonly<Record<ServiceKind, RegExp>> = {
  // PUT /{idScope}/registrations/{registrationId}/register
  dps: /^\/[^/]+\/registrations\/(?<device>[^/?]+)/,
  // POST /devices/{deviceId}/files, and PUT /{container}/{deviceId}/{blobName} of an upload
  hub: /^\/[^/]+\/(?<device>[^/?]+)/,
};

/** The device of a request: the one in its path, or else the common name of its certificate. */
export function deviceOfRequest(
  kind: ServiceKind,
  { request, certificates }: HttpExchange,
): string | undefined {
  const inPath = HTTP_DEVICE[kind].exec(request.url ?? '')?.groups?.['device'];
  const [leaf] = certificates;
  if (inPath !== undefined) return decodePath(inPath) ?? inPath;
  return leaf && commonName(leaf);
}

/** The services by name, port, username and request. */
export class FaultServices {
  readonly init: FaultServicesInit;

  constructor(init: FaultServicesInit) {
    this.init = init;
  }

  get names(): readonly string[] {
    return this.init.services.map(({ name }) => name);
  }

  named(name: string): NamedService | undefined {
    return this.init.services.find((candidate) => candidate.name === name);
  }

  /** The service that a port is for. */
  of(service: RoutableService): NamedService | undefined {
    return this.init.services.find((candidate) => candidate.service === service);
  }

  /** The service that a username names on a shared port. */
  byUsername(username: string): NamedService | undefined {
    return this.init.services.find(({ service }) => service.acceptsUsername(username));
  }

  /** The service that a request on a shared port is for. */
  byRequest({ request }: HttpExchange): NamedService | undefined {
    return findRequested(this.init.services, request);
  }
}
