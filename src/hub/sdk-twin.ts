import type { DeviceTransport, TwinProperties } from 'azure-iot-device';
import { isObject } from 'azure-iot-certificates/internal';
import { ConnectionError } from '../errors/errors';
import { refusedByHub, type HubAnswer, type HubPeer } from '../errors/hub-refusal';
import { wireErrorOf } from '../errors/wire-error';

/**
 * The body with which the SDK takes the answer of a hub for a failure. The SDK makes an error of `message` alone, so
 * that `message` has the whole answer as JSON. {@link toTwinError} reads it.
 */
export function failedTwinBody(answer: HubAnswer): Buffer {
  return Buffer.from(JSON.stringify({ errorCode: answer.status, message: JSON.stringify(answer) }));
}

/**
 * Reads the twin. Settles when the hub has answered or the connection is over.
 *
 * @throws `WireError` when the hub refused the subscription to answers, or {@link ConnectionError}
 */
export async function readTwin(transport: DeviceTransport, peer: HubPeer): Promise<TwinProperties> {
  return await operation<TwinProperties>('the reading of the twin', peer, (done) => transport.getTwin(done));
}

/**
 * Updates the reported properties. Settles when the hub has answered or the connection is over.
 *
 * @throws `WireError` when the hub refused the subscription to answers, or {@link ConnectionError}
 */
export async function updateReported(
  transport: DeviceTransport,
  patch: object,
  peer: HubPeer,
): Promise<void> {
  await operation('the update of the reported properties', peer, (done) =>
    transport.updateTwinReportedProperties(patch, done),
  );
}

async function operation<T = void>(
  what: string,
  peer: HubPeer,
  start: (done: (error?: Error, value?: T) => void) => void,
): Promise<T> {
  return await new Promise<T>((resolve, reject) => {
    start((error, value) => (error ? reject(toTwinError(error, what, peer)) : resolve(value as T)));
  });
}

function toTwinError(error: Error, what: string, peer: HubPeer): Error {
  const wireError = wireErrorOf(error);
  if (wireError) return wireError;
  const answer = answerOf(error.message);
  const remedy = 'Correct what the application sends; the message says what is wrong.';
  if (answer) return refusedByHub(answer, { code: 'TWIN_REFUSED', what, remedy }, peer);
  return new ConnectionError({
    code: 'TWIN_REFUSED',
    service: 'hub',
    host: peer.host,
    message: `${peer.host}: ${what} failed: ${error.message}.`,
    remedy: 'Try again. If it fails each time, report the message above.',
    isTransient: true,
    cause: error,
  });
}

function answerOf(message: string): HubAnswer | undefined {
  try {
    const answer: unknown = JSON.parse(message);
    if (!isObject(answer)) return undefined;
    const { status, body } = answer;
    return typeof status === 'number' && typeof body === 'string' ? { status, body } : undefined;
  } catch {
    return undefined;
  }
}
