import { once } from 'node:events';
import { createServer, type AddressInfo, type Server } from 'node:net';

/** A TCP server on that port, or on a free one. */
export async function listenOn(port = 0): Promise<{ readonly port: number; close(): Promise<void> }> {
  const server: Server = createServer().listen(port, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    close: async () => {
      server.close();
      await once(server, 'close');
    },
  };
}

/** A port that nobody listens on. */
export async function freePort(): Promise<number> {
  const server = await listenOn();
  await server.close();
  return server.port;
}
