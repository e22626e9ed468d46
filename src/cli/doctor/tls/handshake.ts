import { X509Certificate } from 'node:crypto';
import { isIP } from 'node:net';
import * as tls from 'node:tls';
import { createContext } from '../../../network/secure-context';
import { openConnection, probe } from '../probe';
import type { Examination } from '../step';
import type { Target } from '../target';

/** What a server showed in the handshake, be it trusted or not. */
export interface ServerFacts {
  readonly protocol: string;
  readonly cipher: string;
  /** The server's certificate and those above it: sent by the server, or known here. Never empty. */
  readonly chain: readonly X509Certificate[];
}

/** How a handshake ended. */
export interface Handshake {
  /** Absent when it did not come to that. */
  readonly facts: ServerFacts | undefined;
  /** Absent when the server is trusted. */
  readonly error: Error | undefined;
}

/** Longer chains are not followed. */
const MAX_CHAIN = 10;

/** Makes a connection as the device would, verification included, and closes it. Rejects when there is no way to the server. */
export async function shakeHands(
  port: number,
  target: Target,
  examination: Examination,
  signal: AbortSignal,
): Promise<Handshake> {
  const { name: host } = target;
  const { device, roots } = examination;
  const secureContext = createContext({ ...device?.material.toX509(), ca: roots });
  const raw = await probe(examination, signal, (attempt) =>
    openConnection({ host, port }, target, examination, attempt),
  );
  let facts: ServerFacts | undefined;
  const socket = tls.connect({
    socket: raw,
    host,
    secureContext,
    ...(isIP(host) === 0 && { servername: host }),
  });
  // Before the listener of Node.js, which closes the connection to a server that is not trusted: looking at the
  // certificate is all that happens before, and nothing is switched off.
  socket.prependListener('secure', () => (facts = factsOf(socket)));
  try {
    const error = await probe(examination, signal, () => outcome(socket));
    return { facts, error };
  } catch (error) {
    signal.throwIfAborted();
    return { facts, error: error as Error };
  } finally {
    socket.destroy();
    raw.destroy();
  }
}

function outcome(socket: tls.TLSSocket): Promise<Error | undefined> {
  return new Promise((resolve) => {
    socket.once('secureConnect', () => resolve(undefined));
    socket.on('error', resolve);
    socket.once('close', () => resolve(reset()));
  });
}

/** A server that closes without a word. */
function reset(): Error {
  return Object.assign(new Error('The server closed the connection during the handshake.'), {
    code: 'ECONNRESET',
  });
}

function factsOf(socket: tls.TLSSocket): ServerFacts | undefined {
  // Not getPeerX509Certificate(): with Node.js 20, reading it here makes the check of the name fail afterwards.
  let next: tls.DetailedPeerCertificate | undefined = socket.getPeerCertificate(true);
  const chain: X509Certificate[] = [];
  // Without a certificate it is an empty object.
  while (Buffer.isBuffer(next?.raw) && chain.length < MAX_CHAIN) {
    chain.push(new X509Certificate(next.raw));
    // A root is its own issuer.
    const above: tls.DetailedPeerCertificate | undefined = next.issuerCertificate;
    next = above === next ? undefined : above;
  }
  if (chain.length === 0) return undefined;
  return { protocol: socket.getProtocol() ?? '', cipher: socket.getCipher().standardName, chain };
}
