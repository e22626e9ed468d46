import { connect, type Socket } from 'node:net';
import { types } from 'node:util';
import type { DeviceError } from 'azure-iot-certificates';
import { toConnectionError } from '../../errors/connection-error';
import { WireError } from '../../errors/wire-error';
import { withDeadline } from '../../network/deadline';
import { openTunnel, ProxyError } from '../../network/tunnel';
import type { HttpProxy } from '../../options/proxy';
import type { TransportKind } from '../../options/types';
import type { Examination, Service } from './step';

/** The address of a service. */
export interface Target {
  readonly service: Service;
  /** The name in messages, with or without a port. */
  readonly host: string;
  /** Host name without port and brackets. */
  readonly name: string;
  /** The port that the option names, as with the emulator and gateways. */
  readonly givenPort: number | undefined;
  /** The port that the transport needs. */
  readonly port: number;
  readonly proxy: HttpProxy | undefined;
}

/** The address of the service. */
export function targetOf(service: Service, examination: Examination): Target {
  const { globalEndpoint, registration, transport, network, proxyFor } = examination;
  const host = service === 'dps' ? globalEndpoint : (registration?.assignedHub ?? '');
  const [, bracketed, plain, port] = /^(?:\[([^\]]*)\]|([^:]*))(?::(\d+))?$/.exec(host) ?? [];
  const givenPort = port === undefined ? undefined : Number(port);
  return {
    ...{ service, host, name: bracketed ?? plain ?? host, givenPort },
    port: givenPort ?? network.ports[transport],
    proxy: proxyFor?.(host),
  };
}

/** The transport that is not used. */
export function otherTransport(transport: TransportKind): TransportKind {
  return transport === 'mqtt' ? 'mqtt-ws' : 'mqtt';
}

/** The time-out of a probe has passed. */
export class NoAnswer extends Error {
  constructor() {
    super('no answer');
    this.name = 'NoAnswer';
  }
}

/** Runs one probe. Rejects with {@link NoAnswer} after the time-out. */
export async function probe<T>(
  { network: { probeTimeoutMs } }: Examination,
  signal: AbortSignal,
  run: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  return await withDeadline({ timeoutMs: probeTimeoutMs, signal, onTimeout: () => new NoAnswer() }, run);
}

/** Opens a TCP connection to a port of the target, through the proxy if there is one. */
export async function openConnection(
  port: number,
  { name: host, proxy }: Target,
  examination: Examination,
  signal: AbortSignal,
): Promise<Socket> {
  return await probe(examination, signal, async (attempt) => {
    if (proxy) return await openTunnel(proxy, { host, port }, { ca: examination.roots, signal: attempt });
    return await new Promise<Socket>((resolve, reject) => {
      const socket = connect({ host, port, signal: attempt });
      socket.on('error', reject);
      socket.once('connect', () => resolve(socket));
    });
  });
}

/** The library's error for a failed connection to a service. */
export function explained(
  error: unknown,
  { service, host }: Pick<Target, 'service' | 'host'>,
  { options, registrationId = 'the device' }: Examination,
): DeviceError {
  const { enrollment } = options;
  return toConnectionError(toWireError(error), { service, host, enrollment, registrationId });
}

function toWireError(error: unknown): WireError {
  if (error instanceof ProxyError) return new WireError({ kind: 'proxy', ...error.failure });
  const native = types.isNativeError(error) ? error : new Error(String(error));
  return new WireError({ kind: 'socket', error: native });
}
