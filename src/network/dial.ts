import type { TransportKind } from '../options/types';
import type { Wire } from './wire';

/** Where to connect, and with what. */
interface Dialed {
  /** Host name, optionally with a port. */
  host: string;
  transport: TransportKind;
  x509: { cert: string; key: string };
}

/** What the SDK's transports connect to. */
const URIS: Readonly<Record<TransportKind, (host: string) => string>> = {
  mqtt: (host) => `mqtts://${host}`,
  'mqtt-ws': (host) => `wss://${host}:443/$iothub/websocket`,
};

/**
 * Opens the connection, and loads packages while the server's answers are under way: both take long, and neither needs the
 * other. Resolves also when the connection has failed, as the wire knows.
 */
export async function loadWhileDialing(
  wire: Wire,
  { host, transport, x509 }: Dialed,
  packages: Iterable<() => unknown>,
): Promise<void> {
  wire.dial(URIS[transport](host), x509);
  for (const loadPackage of packages) {
    // Between packages, so that what has come meanwhile is answered.
    await new Promise((resolve) => setImmediate(resolve));
    loadPackage();
  }
}
