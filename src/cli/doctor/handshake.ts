import { X509Certificate } from 'node:crypto';
import { isIP, type Socket } from 'node:net';
import * as tls from 'node:tls';
import { createContext } from '../../network/secure-context';
import { openConnection, probe, type Target } from './network';
import type { Examination } from './step';

/** The server's side of a TLS handshake, trusted or not. */
export interface ServerFacts {
  readonly protocol: string;
  readonly cipher: string;
  /** The server's certificate and the certificates above it, sent by the server or known to Node.js. Never empty. */
  readonly chain: readonly X509Certificate[];
}

/** The result of a handshake. */
export interface Handshake {
  /** Absent when the server sent no certificate. */
  readonly facts?: ServerFacts | undefined;
  /** Absent when the server is trusted. */
  readonly error?: Error;
}

/** Longer chains are not followed. */
const MAX_CHAIN = 10;

/** Makes a TLS connection to the target, verification included, and closes it. */
export async function shakeHands(
  target: Target,
  examination: Examination,
  signal: AbortSignal,
): Promise<Handshake> {
  const { name: host, port } = target;
  let raw: Socket | undefined;
  let socket: tls.TLSSocket | undefined;
  let facts: ServerFacts | undefined;
  try {
    raw = await openConnection(port, target, examination, signal);
    const secured = tls.connect({
      socket: raw,
      host,
      secureContext: createContext({ ca: examination.roots }),
      ...(isIP(host) === 0 && { servername: host }),
    });
    socket = secured;
    // Before the listener of Node.js, which closes the connection to a server that is not trusted. Reading the
    // certificate is all that happens before it, and nothing is switched off.
    socket.prependListener('secure', () => (facts = factsOf(secured)));
    await probe(examination, signal, () => outcome(secured));
    return { facts };
  } catch (error) {
    signal.throwIfAborted();
    return { facts, error: error as Error };
  } finally {
    socket?.destroy();
    raw?.destroy();
  }
}

async function outcome(socket: tls.TLSSocket): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    socket.once('secureConnect', resolve);
    socket.on('error', reject);
    // A server that closes during the handshake.
    socket.once('close', () => reject(Object.assign(new Error('closed'), { code: 'ECONNRESET' })));
  });
}

function factsOf(socket: tls.TLSSocket): ServerFacts | undefined {
  // Not getPeerX509Certificate(): with Node.js 20, reading it here makes the check of the name fail afterwards.
  let next: tls.DetailedPeerCertificate | undefined = socket.getPeerCertificate(true);
  const chain: X509Certificate[] = [];
  // Without a certificate the result is an empty object.
  while (Buffer.isBuffer(next?.raw) && chain.length < MAX_CHAIN) {
    chain.push(new X509Certificate(next.raw));
    // A root is its own issuer.
    const above: tls.DetailedPeerCertificate | undefined = next.issuerCertificate;
    next = above === next ? undefined : above;
  }
  if (chain.length === 0) return undefined;
  return { protocol: socket.getProtocol() ?? '', cipher: socket.getCipher().standardName, chain };
}
