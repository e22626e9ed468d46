import * as tls from 'node:tls';

/** What a TLS connection presents, and whom it trusts. */
interface ContextOptions {
  /** The certificate and its chain, as PEM. */
  cert?: string;
  key?: string;
  /** Roots to trust besides the runtime's own. */
  ca?: readonly string[] | undefined;
}

/** Throws what `node:tls` throws for a key or certificate it cannot use. */
export function createContext({ cert, key, ca = [] }: ContextOptions): tls.SecureContext {
  // DPS and IoT Hub speak TLS 1.2 and, on newer endpoints, 1.3.
  const identity = { ...(cert && { cert }), ...(key && { key }), minVersion: 'TLSv1.2' } as const;
  if (ca.length === 0) return tls.createSecureContext(identity);
  const context = tls.createSecureContext(identity);
  // What Node.js itself calls for each root of the option `ca`. With that option one has to give the runtime's own roots
  // as well, and reading those costs 25 ms a connection.
  const { addCACert } = context.context as { addCACert?: (pem: string) => void };
  if (!addCACert) return tls.createSecureContext({ ...identity, ca: [...tls.rootCertificates, ...ca] });
  for (const root of ca) addCACert.call(context.context, root);
  return context;
}
