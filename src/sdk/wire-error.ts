/** How far a connection had come when its time was up. */
export type WireStage = 'connect' | 'tls' | 'connack' | 'subscribe' | 'unsubscribe' | 'publish';

/** Why a connection failed, as the raw facts; the SDK's own labels are wrong in both directions. */
export type WireFailure =
  /** The server answered CONNECT with a return code other than 0. */
  | { kind: 'refused'; returnCode: number }
  /** Name resolution, TCP, TLS or the WebSocket handshake failed. */
  | { kind: 'socket'; error: Error & { code?: string } }
  /** A web server answered the WebSocket handshake with this HTTP status. */
  | { kind: 'http'; status: number }
  /** The server did not answer in time. */
  | { kind: 'timeout'; stage: WireStage; timeoutMs: number }
  /** The server refused a subscription (SUBACK 0x80). */
  | { kind: 'subscription-refused'; topic: string }
  /** The server sent something that is not MQTT 3.1.1, or not what its own protocol says. */
  | { kind: 'protocol'; detail: string }
  /** The connection ended without a word. */
  | { kind: 'lost' }
  /** This side closed it. */
  | { kind: 'closed' };

/** The one error that everything pending on a failed connection settles with. */
export class WireError extends Error {
  readonly failure: WireFailure;

  constructor(failure: WireFailure) {
    super(describe(failure), failure.kind === 'socket' ? { cause: failure.error } : undefined);
    this.name = 'WireError';
    this.failure = failure;
  }
}

function describe(failure: WireFailure): string {
  switch (failure.kind) {
    case 'refused':
      return `the server refused the connection with return code ${failure.returnCode}`;
    case 'socket':
      return failure.error.message;
    case 'http':
      return `the server answered the WebSocket handshake with HTTP status ${failure.status}`;
    case 'timeout':
      return `no answer within ${failure.timeoutMs} ms (${failure.stage})`;
    case 'subscription-refused':
      return `the server refused the subscription to ${failure.topic}`;
    case 'protocol':
      return failure.detail;
    case 'lost':
      return 'the server ended the connection';
    case 'closed':
      return 'the connection was closed on this side';
  }
}
