/** The stage of a connection, named by what it waits for. */
export type WireStage =
  | 'lookup'
  | 'connect'
  | 'proxy'
  | 'tls'
  | 'upgrade'
  | 'connack'
  | 'subscribe'
  | 'unsubscribe'
  | 'publish'
  | 'ping';

/** The failure of a proxy: the HTTP status of its answer, or the error of the connection to it. */
export interface ProxyFailure {
  /** Host and port of the proxy. */
  proxy: string;
  reason: { status: number } | { error: Error & { code?: string } };
}

/** The facts about a connection that the other side has ended. */
export interface LossFacts {
  /** The answer that the connection waited for; absent after the CONNACK. */
  readonly stage?: WireStage | undefined;
  /** The time since the CONNACK, in milliseconds. */
  readonly livedMs?: number | undefined;
  /** The time since the last message was sent, in milliseconds; absent if none was. */
  readonly sinceMessageMs?: number | undefined;
  /** The number of messages without acknowledgement. */
  readonly unacknowledged: number;
  /** The topic of a SUBSCRIBE packet without answer. */
  readonly subscribing?: string | undefined;
}

/** The raw facts of a failed connection. The SDK's own error classes are wrong in both directions. */
export type WireFailure =
  /** The server answered CONNECT with a return code other than 0. */
  | { kind: 'refused'; returnCode: number }
  /** Name resolution, TCP, TLS or the WebSocket handshake failed. */
  | { kind: 'socket'; error: Error & { code?: string } }
  /** A web server answered the WebSocket handshake with this HTTP status. */
  | { kind: 'http'; status: number }
  /** The proxy did not make the connection. */
  | ({ kind: 'proxy' } & ProxyFailure)
  /** The server did not answer in time; at the stage `proxy`, the proxy did not. */
  | { kind: 'timeout'; stage: WireStage; timeoutMs: number; proxy?: string | undefined }
  /** The server refused a subscription (SUBACK 0x80). */
  | { kind: 'subscription-refused'; topic: string }
  /** The server sent something that is not MQTT 3.1.1, or not what its own protocol says. */
  | { kind: 'protocol'; detail: string }
  /** The other side ended the connection without a reason, or reset it. */
  | { kind: 'lost'; facts?: LossFacts | undefined; error?: Error | undefined }
  /** This side closed it. */
  | { kind: 'closed' };

/** The error of a failed connection, with which everything pending on it settles. */
export class WireError extends Error {
  readonly failure: WireFailure;

  constructor(failure: WireFailure) {
    const cause = causeOf(failure);
    super(describe(failure), cause === undefined ? undefined : { cause });
    this.name = 'WireError';
    this.failure = failure;
  }
}

/** The errors of the system with which a connection ends that the peer has closed. */
const CLOSED_BY_PEER: readonly string[] = ['ECONNRESET', 'EPIPE'];

/** The server, or something on the way to it, has ended a connection that was made. */
export function isEndedByPeer(failure: WireFailure): boolean {
  return (
    failure.kind === 'lost' ||
    (failure.kind === 'socket' && CLOSED_BY_PEER.includes(failure.error.code ?? ''))
  );
}

/** The `WireError` that an error of the SDK was made from, if any. The SDK keeps it as `transportError`. */
export function wireErrorOf(error: unknown): WireError | undefined {
  if (error instanceof WireError) return error;
  const { transportError } = Object(error) as { transportError?: unknown };
  return transportError instanceof WireError ? transportError : undefined;
}

function causeOf(failure: WireFailure): Error | undefined {
  if (failure.kind === 'socket' || failure.kind === 'lost') return failure.error;
  return failure.kind === 'proxy' && 'error' in failure.reason ? failure.reason.error : undefined;
}

function describe(failure: WireFailure): string {
  switch (failure.kind) {
    case 'refused':
      return `the server refused the connection with return code ${failure.returnCode}`;
    case 'socket':
      return failure.error.message;
    case 'http':
      return `the server answered the WebSocket handshake with HTTP status ${failure.status}`;
    case 'proxy':
      return 'status' in failure.reason
        ? `the proxy ${failure.proxy} answered with HTTP status ${failure.reason.status}`
        : `the proxy ${failure.proxy}: ${failure.reason.error.message}`;
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
