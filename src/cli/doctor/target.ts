import type { TransportKind } from '../../options/types';
import type { HttpProxy } from '../../options/proxy';
import type { Examination, Service } from './step';

/** A service as it is reached. */
export interface Target {
  readonly service: Service;
  /** What it is called in messages, perhaps with a port. */
  readonly host: string;
  /** Without port and brackets. */
  readonly name: string;
  /** The port that comes with the host, which the emulator and gateways need. */
  readonly givenPort: number | undefined;
  /** The port that the transport needs. */
  readonly port: number;
  readonly proxy: HttpProxy | undefined;
}

/** Where the service is. */
export function targetOf(service: Service, examination: Examination): Target {
  const { globalEndpoint, registration, transport, network, proxyFor } = examination;
  const host = service === 'dps' ? globalEndpoint : (registration?.assignedHub ?? '');
  const { name, port } = split(host);
  return {
    service,
    host,
    name,
    givenPort: port,
    port: port ?? network.ports[transport],
    proxy: proxyFor?.(host),
  };
}

/** The transport that is not used. */
export function otherTransport(transport: TransportKind): TransportKind {
  return transport === 'mqtt' ? 'mqtt-ws' : 'mqtt';
}

function split(host: string): { name: string; port: number | undefined } {
  const [, bracketed, plain, port] = /^(?:\[([^\]]*)\]|([^:]*))(?::(\d+))?$/.exec(host) ?? [];
  return { name: bracketed ?? plain ?? host, port: port === undefined ? undefined : Number(port) };
}
