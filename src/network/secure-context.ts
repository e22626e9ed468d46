import { X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import * as tls from 'node:tls';
import { decodeText, FileError, InvalidOptionsError } from 'azure-iot-certificates/internal';

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;

/** The client certificate of a TLS connection and its trust anchors. */
interface ContextOptions {
  /** The certificate and its chain, as PEM. */
  cert?: string;
  key?: string;
  /** Roots to trust besides the runtime's own. */
  ca?: readonly string[] | undefined;
}

/** Throws what `node:tls` throws for a key or certificate that it cannot use. */
export function createContext({ cert, key, ca = [] }: ContextOptions): tls.SecureContext {
  // DPS and IoT Hub speak TLS 1.2 and, on newer endpoints, 1.3.
  const identity = { ...(cert && { cert }), ...(key && { key }), minVersion: 'TLSv1.2' } as const;
  if (ca.length === 0) return tls.createSecureContext(identity);
  const context = tls.createSecureContext(identity);
  // Node.js itself calls this for each root of the option `ca`. That option would replace the runtime's own roots, so
  // they would have to be given as well, and reading them costs 25 ms a connection.
  const { addCACert } = context.context as { addCACert?: (pem: string) => void };
  if (!addCACert) return tls.createSecureContext({ ...identity, ca: [...tls.rootCertificates, ...ca] });
  for (const root of ca) addCACert.call(context.context, root);
  return context;
}

/** The certificate and key with which a client presents itself, as PEM. */
export interface ClientIdentity {
  readonly cert: string;
  readonly key: string;
}

interface CachedContext extends ClientIdentity {
  readonly ca: readonly string[] | undefined;
  readonly context: tls.SecureContext;
}

/** The context of each identity. An identity is forgotten together with its object. */
const CONTEXTS = new WeakMap<ClientIdentity, CachedContext>();

/**
 * The context of a client, parsed once for all connections that are made with the same object and the same roots: its
 * key and the copy of the runtime's roots take milliseconds. Throws like {@link createContext}.
 */
export function clientContext(
  identity: ClientIdentity,
  ca: readonly string[] | undefined,
): tls.SecureContext {
  const { cert, key } = identity;
  const cached = CONTEXTS.get(identity);
  if (cached?.cert === cert && cached.key === key && cached.ca === ca) return cached.context;
  const context = createContext({ cert, key, ca: ca ?? [] });
  CONTEXTS.set(identity, { cert, key, ca, context });
  return context;
}

/**
 * The roots of the option `ca` or `caFile`, which are trusted besides the runtime's own; `undefined` when the option is
 * absent.
 *
 * @throws {@link FileError} when the file cannot be read, {@link InvalidOptionsError} when it holds no certificate
 */
export async function extraRoots(options: {
  ca?: string | Buffer;
  caFile?: string;
}): Promise<readonly string[] | undefined> {
  const { ca, caFile } = options;
  const content = ca ?? (caFile === undefined ? undefined : await readRoots(caFile));
  if (content === undefined) return undefined;
  const text = typeof content === 'string' ? content : decodeText(Buffer.from(content)).text;
  const roots = text.match(CERTIFICATE) ?? [];
  if (roots.length === 0 || !roots.every(isCertificate)) {
    throw new InvalidOptionsError([
      {
        option: ca === undefined ? 'caFile' : 'ca',
        message: 'holds no readable PEM certificate.',
        remedy: 'Give the root certificate of the server in PEM form (-----BEGIN CERTIFICATE-----).',
      },
    ]);
  }
  return roots;
}

function isCertificate(pem: string): boolean {
  try {
    return new X509Certificate(pem).raw.length > 0;
  } catch {
    return false;
  }
}

async function readRoots(path: string): Promise<Buffer> {
  try {
    return await readFile(path);
  } catch (cause) {
    const { code = 'unknown error' } = cause as NodeJS.ErrnoException;
    throw new FileError({
      code: 'FILE_NOT_READABLE',
      path,
      message: `The file given as caFile cannot be read: ${path} (${code}).`,
      remedy: 'Check the path and its permissions.',
      cause,
    });
  }
}
