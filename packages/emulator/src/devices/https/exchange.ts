import type { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from 'node:http';

/** An HTTP request on a port that MQTT is served on, too. */
export interface HttpExchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  /** The certificates that the client sent in the TLS handshake, leaf first. Empty when it sent none. */
  readonly certificates: readonly X509Certificate[];
}

/** The answer to a request. */
export interface Answer {
  readonly status: number;
  readonly headers?: OutgoingHttpHeaders;
  readonly body?: string;
}

/** The client closed the connection during the request. */
export class RequestAborted extends Error {
  constructor(cause: unknown) {
    super('the client ended the request', { cause });
    this.name = 'RequestAborted';
  }
}

/** The body of a request. @throws RequestAborted */
export async function* bodyOf(request: IncomingMessage): AsyncGenerator<Buffer, void, undefined> {
  try {
    // A request without an encoding yields buffers.
    for await (const chunk of request) yield chunk as Buffer;
  } catch (error) {
    throw new RequestAborted(error);
  }
}

/** The body of a request, or `undefined` if it is longer than the limit. Reads it to its end in either case. */
export async function readBody(request: IncomingMessage, maxBytes: number): Promise<Buffer | undefined> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of bodyOf(request)) {
    size += chunk.length;
    if (size <= maxBytes) chunks.push(chunk);
    else chunks.length = 0;
  }
  return size <= maxBytes ? Buffer.concat(chunks) : undefined;
}

/** Answers a request after reading it to its end, because clients do not read while they send. */
export async function answer(request: IncomingMessage, response: ServerResponse, to: Answer): Promise<void> {
  if (!request.readableEnded && !request.destroyed) {
    request.resume();
    await Promise.race([once(request, 'end'), once(request, 'close')]).catch(() => undefined);
  }
  if (response.destroyed) return;
  const { status, headers, body = '' } = to;
  response.writeHead(status, { 'content-length': Buffer.byteLength(body), ...headers });
  response.end(request.method === 'HEAD' ? undefined : body);
}

/** A percent-decoded part of a path; `undefined` if it is malformed. */
export function decodePath(path: string): string | undefined {
  try {
    return decodeURIComponent(path);
  } catch {
    return undefined;
  }
}
