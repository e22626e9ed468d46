import { once } from 'node:events';
import type { ClientRequest, IncomingHttpHeaders, IncomingMessage, OutgoingHttpHeaders } from 'node:http';
import { request as requestSecurely } from 'node:https';
import type { ClientIdentity } from './raw-client';

/** Where to send a request and whom to trust. */
export interface Server {
  /** `host:port`. */
  readonly endpoint: string;
  readonly ca: string;
  /** The name in TLS and in the request, if it has no address. */
  readonly hostName?: string;
}

/** A request over HTTPS. */
export interface Request {
  readonly method?: string;
  readonly path: string;
  readonly headers?: OutgoingHttpHeaders;
  readonly body?: string | Buffer;
  readonly identity?: ClientIdentity | undefined;
}

/** An answer, read to its end. */
export interface Response {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** Begins a request, verifying the server; the test writes its body. */
export function openRequest(
  server: Server,
  { method = 'GET', path, headers, identity }: Request,
): ClientRequest {
  const [host = '', port] = server.endpoint.split(':');
  const servername = server.hostName ?? host;
  return requestSecurely({
    host,
    port,
    servername,
    path,
    method,
    headers: { host: `${servername}:${port ?? ''}`, ...headers },
    ca: server.ca,
    agent: false,
    ...(identity && { cert: identity.fullChain, key: identity.privateKey }),
  });
}

/** The answer to a request whose body has been written. */
export async function responseTo(opened: ClientRequest): Promise<Response> {
  const [response] = (await once(opened, 'response')) as [IncomingMessage];
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk as Buffer);
  const { statusCode = 0, headers } = response;
  return { status: statusCode, headers, body: Buffer.concat(chunks).toString() };
}

/** Sends a request and reads its answer. */
export async function send(server: Server, description: Request): Promise<Response> {
  const opened = openRequest(server, description);
  opened.end(description.body);
  return await responseTo(opened);
}
