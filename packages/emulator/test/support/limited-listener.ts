import { connect as connectTls, type TLSSocket } from 'node:tls';
import { createRootCertificate } from 'azure-iot-certificates';
import { createServerCertificate } from '../../../certificates/src/making/server';
import { DEFAULT_LIMITS, type ConnectionLimits } from '../../src/devices/tcp/limits';
import { DeviceListener } from '../../src/devices/listener';
import type { DeviceService } from '../../src/devices/service';
import type { DisconnectReason } from '../../src/devices/mqtt/client';

/** A listener with limits of its own. */
export interface LimitedListener extends AsyncDisposable {
  readonly port: number;
  /** The root of its certificate, as PEM. */
  readonly ca: string;
  /** Why sessions ended, in that order. */
  readonly reasons: readonly DisconnectReason[];
  /** Begins a connection, verifying the server. */
  open(): TLSSocket;
}

/** Starts one in front of a service that answers each message with one of 100 KB, and each request with `{}`. */
export async function startLimitedListener(limits: Partial<ConnectionLimits>): Promise<LimitedListener> {
  const issuer = await createRootCertificate({ commonName: 'root' });
  const server = await createServerCertificate({ issuer, hostNames: ['localhost'] });
  const reasons: DisconnectReason[] = [];
  const service: DeviceService = {
    label: 'test',
    connect: (_packet, connection) => ({
      returnCode: 0,
      isSessionPresent: false,
      client: {
        connected: () => undefined,
        subscribe: () => ({ granted: [] }),
        unsubscribe: () => undefined,
        publish: () => () => void connection.send({ topic: 'a', payload: Buffer.alloc(100_000), qos: 0 }),
        closed: (reason) => reasons.push(reason),
      },
    }),
    handleRequest: ({ request, response }) => {
      if (request.url === '/throw') throw new Error('a defect');
      request.resume().once('end', () => response.end('{}'));
    },
  };
  const credentials = { certificate: server.fullChain, privateKey: server.privateKey };
  const listener = await DeviceListener.listen(service, credentials, {
    limits: { ...DEFAULT_LIMITS, ...limits },
  });
  return {
    port: listener.port,
    ca: issuer.certificate,
    reasons,
    open: () => {
      const socket = connectTls({ host: 'localhost', port: listener.port, ca: issuer.certificate });
      socket.on('error', () => undefined);
      return socket;
    },
    [Symbol.asyncDispose]: () => listener.close(),
  };
}
