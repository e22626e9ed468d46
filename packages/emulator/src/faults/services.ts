import type { X509Certificate } from 'node:crypto';
import type { DpsEmulator } from '../dps/types';
import type { HubEmulator } from '../hub/types';
import type { RoutableService } from '../devices/shared-port';
import type { HttpExchange } from '../devices/mqtt/service';
import type { ServiceKind } from './classify';
import type { Restartable } from './service-actions';

/** A service that connections are for. */
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

function decode(text: string | undefined): string | undefined {
  try {
    return text === undefined ? undefined : decodeURIComponent(text);
  } catch {
    return text;
  }
}

function commonNameOf(certificate: X509Certificate | undefined): string | undefined {
  return /^CN=(?<name>.+)$/m.exec(certificate?.subject ?? '')?.groups?.['name'];
}

/** Whom a request is from: whom its path is about, or else who has the certificate. */
export function deviceOfRequest(
  kind: ServiceKind,
  { request, certificates }: HttpExchange,
): string | undefined {
  const inPath = HTTP_DEVICE[kind].exec(request.url ?? '')?.groups?.['device'];
  return decode(inPath) ?? commonNameOf(certificates[0]);
}

/** Tells services apart, as a shared port does. */
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

  /** The service that a client asks for on a shared port. */
  meantBy(username: string): NamedService | undefined {
    return this.init.services.find(({ service }) => service.isMeantBy(username));
  }

  /** The service that a request on a shared port is for. */
  requestedBy({ request }: HttpExchange): NamedService | undefined {
    const [host = ''] = (request.headers.host ?? '').toLowerCase().split(':');
    const [path = ''] = (request.url ?? '').split('?');
    return this.init.services.find(({ service }) => service.isRequestedBy(host, path));
  }
}
