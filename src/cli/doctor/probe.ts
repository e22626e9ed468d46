import { connect, type Socket } from 'node:net';
import { types } from 'node:util';
import { withDeadline } from '../../network/deadline';
import { openTunnel, ProxyError, type Endpoint } from '../../network/tunnel';
import { WireError } from '../../errors/wire-error';
import { toConnectionError } from '../../errors/connection-error';
import type { DeviceError } from 'azure-iot-certificates';
import type { Examination } from './step';
import type { Target } from './target';

/** The time for a probe was up. */
export class NoAnswer extends Error {
  constructor() {
    super('no answer');
    this.name = 'NoAnswer';
  }
}

/** Runs one probe for as long as it may take. Rejects with {@link NoAnswer} when its time is up. */
export async function probe<T>(
  { network: { probeTimeoutMs } }: Pick<Examination, 'network'>,
  signal: AbortSignal,
  run: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const onTimeout = () => new NoAnswer();
  return await withDeadline({ timeoutMs: probeTimeoutMs, signal, onTimeout }, run);
}

/** A TCP connection to an endpoint, by way of the proxy where there is one. The signal destroys it, at any time. */
export async function openConnection(
  endpoint: Endpoint,
  { proxy }: Pick<Target, 'proxy'>,
  { roots }: Pick<Examination, 'roots'>,
  signal: AbortSignal,
): Promise<Socket> {
  if (proxy) return await openTunnel(proxy, endpoint, { ca: roots, signal });
  return await new Promise<Socket>((resolve, reject) => {
    const socket = connect({ ...endpoint, signal });
    socket.on('error', reject);
    socket.once('connect', () => resolve(socket));
  });
}

/** What went wrong on the way to a service, in the words of the library. */
export function explained(
  error: unknown,
  target: Target,
  { options, device, registration }: Pick<Examination, 'options' | 'device' | 'registration'>,
): DeviceError {
  const { service, host } = target;
  const { enrollment } = options;
  const registrationId = registration?.deviceId ?? device?.registrationId ?? 'the device';
  return toConnectionError(toWireError(error), { service, host, enrollment, registrationId });
}

function toWireError(error: unknown): WireError {
  if (error instanceof WireError) return error;
  if (error instanceof ProxyError) return new WireError({ kind: 'proxy', ...error.failure });
  return new WireError({ kind: 'socket', error: toNativeError(error) });
}

function toNativeError(error: unknown): Error & { code?: string } {
  return types.isNativeError(error) ? error : new Error(String(error));
}
