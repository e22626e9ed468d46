import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { TLSSocket, type SecureContext } from 'node:tls';
import createDebug from 'debug';
import { ClientConnection } from './client-connection';
import type { DeferredResponse } from './https/deferred-response';
import { HttpServer } from './https/http-server';
import type { HandshakeOverrides, Interceptor } from './interceptor';
import type { DisconnectReason } from './mqtt/client';
import { CONNECT } from './mqtt/codec';
import type { DeviceService } from './service';
import { presentedCertificates } from './tcp/client-certificates';
import { DEFAULT_LIMITS, type ConnectionLimits } from './tcp/limits';
import { PendingConnections } from './tcp/pending-connections';
import { serverContext, type ServerCredentials } from './tcp/server-context';
import { TcpConnection } from './tcp/tcp-connection';
import { TcpPort } from './tcp/tcp-port';

const debug = createDebug('azure-iot-x509:emulator:listener');

/** The addresses, the port and the limits of a listener. */
export interface ListenOptions {
  /** Name or address of the interface. Default 127.0.0.1. */
  readonly host?: string;
  /** A second address of the same name, which is listened on as well if possible. Default: none. */
  readonly alternativeHost?: string | undefined;
  /** Default: a free one, chosen by the system. */
  readonly port?: number;
  readonly limits?: ConnectionLimits;
  /** Default: none. */
  readonly interceptor?: Interceptor | undefined;
}

/** One port with mutual TLS. The client speaks MQTT, MQTT over WebSockets or HTTP over it. */
export class DeviceListener {
  readonly #service: DeviceService;
  readonly #secureContext: SecureContext;
  readonly #limits: ConnectionLimits;
  readonly #interceptor: Interceptor | undefined;
  readonly #tcp: TcpPort;
  readonly #http: HttpServer;
  readonly #connections = new Set<TcpConnection>();
  readonly #pending: PendingConnections;
  readonly #clients = new Set<ClientConnection>();
  /** The last start or stop. They happen one after the other. */
  #change: Promise<void> = Promise.resolve();
  #isClosed = false;

  private constructor(service: DeviceService, credentials: ServerCredentials, options: ListenOptions) {
    const { host = '127.0.0.1', alternativeHost, port = 0, limits = DEFAULT_LIMITS, interceptor } = options;
    this.#service = service;
    this.#secureContext = serverContext(credentials);
    this.#limits = limits;
    this.#interceptor = interceptor;
    this.#pending = new PendingConnections(limits.maxPendingConnections);
    this.#http = new HttpServer({
      limits,
      onStream: (stream, socket, tcp) => this.#serve(stream, socket, tcp),
      onRequest: (request, response, socket, tcp) => this.#answer(request, response, socket, tcp),
    });
    this.#tcp = new TcpPort({
      host,
      alternativeHost,
      port,
      maxConnections: limits.maxConnections,
      onSocket: (raw) => this.#accept(raw),
      onError: (error) => debug('%s: %s', service.label, error.message),
    });
  }

  /** Rejects with the system's error, e.g. when the port is taken. */
  static async listen(
    service: DeviceService,
    credentials: ServerCredentials,
    options: ListenOptions = {},
  ): Promise<DeviceListener> {
    const listener = new DeviceListener(service, credentials, options);
    await listener.start();
    return listener;
  }

  /** The port number. It never changes. */
  get port(): number {
    return this.#tcp.number;
  }

  /** Listens again, on the same port. Idempotent. Rejects when closed, and with the system's error. */
  start(): Promise<void> {
    return this.#then(async () => {
      if (this.#isClosed) throw new Error(`The emulator is closed, and with it ${this.#service.label}.`);
      if (!this.#tcp.isListening) await this.#tcp.listen();
    });
  }

  /** Stops listening and closes every connection; afterwards no socket and no timer is left. Idempotent. */
  stop(reason: DisconnectReason): Promise<void> {
    return this.#then(async () => {
      if (this.#tcp.isListening) await this.#unlisten(reason);
    });
  }

  /** Stops and cannot start again. Idempotent. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await this.stop('emulator-closed');
    this.#http.close();
  }

  /** Runs a start or stop after the earlier ones, which may have failed. */
  #then(change: () => Promise<void>): Promise<void> {
    const next = this.#change.then(change);
    this.#change = next.catch(() => undefined);
    return next;
  }

  async #unlisten(reason: DisconnectReason): Promise<void> {
    const closed = this.#tcp.close();
    for (const client of this.#clients) client.close(reason);
    for (const tcp of this.#connections) tcp.destroy();
    await closed;
  }

  #accept(raw: Socket): void {
    const tcp = new TcpConnection(raw, this.#service.label, this.#limits.closeTimeoutMs);
    this.#connections.add(tcp);
    tcp.onClosed(() => this.#connections.delete(tcp));
    tcp.setDeadline(this.#limits.handshakeTimeoutMs, 'TLS handshake');
    this.#pending.add(tcp);
    if (this.#interceptor?.isActive !== true) this.#secure(raw, tcp);
    else this.#interceptor.accepted(tcp, (overrides) => this.#secure(raw, tcp, overrides));
  }

  #secure(raw: Socket, tcp: TcpConnection, overrides: HandshakeOverrides = {}): void {
    if (tcp.isClosed) return;
    const { secureContext = this.#secureContext, wrap, onSecure } = overrides;
    const stream = wrap === undefined ? raw : wrap(raw);
    const socket = new TLSSocket(stream, {
      isServer: true,
      secureContext,
      requestCert: true,
      // Client certificates are verified later. Azure accepts any client certificate in the handshake and decides at
      // CONNECT or at the registration, where its refusals carry a code; so does the emulator, in the attestation of
      // DPS and by the thumbprints of the hub. With `true` the handshake would fail without a code.
      rejectUnauthorized: false,
    });
    tcp.secure(socket);
    socket.on('error', (error: Error) => debug('%s: %s', this.#service.label, error.message));
    socket.once('secure', onSecure ?? (() => this.#welcome(socket, tcp)));
  }

  #welcome(socket: TLSSocket, tcp: TcpConnection): void {
    tcp.setDeadline(this.#limits.connectTimeoutMs, 'CONNECT');
    socket.once('data', (first: Buffer) => {
      socket.pause();
      socket.unshift(first);
      if ((first[0] ?? 0) >> 4 === CONNECT) this.#serve(socket, socket, tcp);
      else this.#http.serve(socket, tcp);
      socket.resume();
    });
  }

  #serve(stream: Duplex, socket: TLSSocket, tcp: TcpConnection): void {
    const client = new ClientConnection({
      stream,
      tcp,
      service: this.#service,
      certificates: presentedCertificates(socket),
      limits: this.#limits,
      interceptor: this.#interceptor,
      onConnected: () => {
        tcp.clearDeadline();
        this.#pending.delete(tcp);
      },
      onClosed: () => this.#clients.delete(client),
    });
    this.#clients.add(client);
  }

  #answer(request: IncomingMessage, response: DeferredResponse, socket: TLSSocket, tcp: TcpConnection): void {
    const exchange = { request, response, certificates: presentedCertificates(socket) };
    const proceed = (): void => {
      try {
        if (this.#service.handleRequest === undefined) response.writeHead(404, { connection: 'close' }).end();
        else this.#service.handleRequest(exchange);
      } catch (error) {
        // A defect of the emulator ends this connection and no other.
        debug('%s: dropping a request: %o', this.#service.label, error);
        tcp.destroy();
      }
    };
    if (this.#interceptor?.isActive !== true) proceed();
    else this.#interceptor.request(exchange, tcp, proceed);
  }
}
