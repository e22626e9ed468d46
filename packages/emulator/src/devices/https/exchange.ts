import { once } from 'node:events';
import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from 'node:http';

/** The answer to a request. */
export interface Answer {
  readonly status: number;
  readonly headers?: OutgoingHttpHeaders;
  readonly body?: string;
}

/** The request was cut off. There is nobody left to answer. */
export class RequestAborted extends Error {
  constructor(cause: unknown) {
    super('the client ended the request', { cause });
    this.name = 'RequestAborted';
  }
}

/** What the client sends, to its end. @throws RequestAborted */
export async function* bodyOf(request: IncomingMessage): AsyncGenerator<Buffer, void, undefined> {
  try {
    // A request without an encoding yields buffers.
    for await (const chunk of request) yield chunk as Buffer;
  } catch (error) {
    throw new RequestAborted(error);
  }
}

/** What the client sends, or `undefined` if it is longer than the limit. Reads to the end in either case. */
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

/** Answers, after the client has sent all that it wants to: clients do not listen while they send. */
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

/** A part of a path as it was meant; `undefined` if it is not percent-encoded properly. */
export function decodePath(path: string): string | undefined {
  try {
    return decodeURIComponent(path);
  } catch {
    return undefined;
  }
}
