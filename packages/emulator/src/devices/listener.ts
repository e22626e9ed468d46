import { constants } from 'node:crypto';
import type { Socket } from 'node:net';
import { createSecureContext, TLSSocket, type SecureContext } from 'node:tls';
import type { Duplex } from 'node:stream';
import type { IncomingMessage } from 'node:http';
import createDebug from 'debug';
import { presentedCertificates } from './tcp/client-certificates';
import { CONNECT } from './mqtt/codec';
import { HttpGate } from './https/http-server';
import type { HandshakeDepartures, Interceptor } from './interceptor';
import { DEFAULT_LIMITS, type MqttLimits } from './tcp/limits';
import { Link } from './tcp/tcp-connection';
import { PendingLinks } from './tcp/pending-connections';
import type { DisconnectReason, MqttService } from './mqtt/service';
import { MqttSession } from './mqtt/client-connection';
import { TcpPort } from './tcp/tcp-port';
import type { WatchedResponse } from './https/deferred-response';

const debug = createDebug('azure-iot-x509:emulator:listener');

/** A server's certificate (with its chain) and key, as PEM. */
export interface ServerCredentials {
  readonly certificate: string;
  readonly privateKey: string;
}

/** Where and how a listener listens. */
export interface ListenOptions {
  /** Name or address of the interface. Default 127.0.0.1. */
  readonly host?: string;
  /** An address that clients may get for the same name, which is listened on as well if possible. Default: none. */
  readonly alternativeHost?: string | undefined;
  /** Default: a free one, chosen by the system. */
  readonly port?: number;
  readonly limits?: MqttLimits;
  /** Comes between the listener and its clients. Default: nobody. */
  readonly interceptor?: Interceptor | undefined;
}

/** What a server says of itself in the handshake. */
export function serverContext({ certificate, privateKey }: ServerCredentials): SecureContext {
  return createSecureContext({
    cert: certificate,
    key: privateKey,
    minVersion: 'TLSv1.2',
    // No `ca`: a CA known here would complete chains that the device did not send. No tickets: the server sees
    // nothing but the leaf on a resumed session, and a device with an intermediate would be refused.
    secureOptions: constants.SSL_OP_NO_TICKET,
    sessionIdContext: 'azure-iot-x509',
  });
}

/** One port: mutual TLS, and inside it MQTT, MQTT over WebSockets or HTTP, whichever the client speaks. */
export class MqttListener {
  readonly #service: MqttService;
  readonly #secureContext: SecureContext;
  readonly #limits: MqttLimits;
  readonly #interceptor: Interceptor | undefined;
  readonly #tcp: TcpPort;
  readonly #gate: HttpGate;
  readonly #links = new Set<Link>();
  readonly #pending: PendingLinks;
  readonly #sessions = new Set<MqttSession>();
  /** The last of the changes between listening and not listening, which happen one after the other. */
  #change: Promise<void> = Promise.resolve();
  #isClosed = false;

  private constructor(service: MqttService, credentials: ServerCredentials, options: ListenOptions) {
    const { host = '127.0.0.1', alternativeHost, port = 0, limits = DEFAULT_LIMITS, interceptor } = options;
    this.#service = service;
    this.#secureContext = serverContext(credentials);
    this.#limits = limits;
    this.#interceptor = interceptor;
    this.#pending = new PendingLinks(limits.maxPendingConnections);
    this.#gate = new HttpGate({
      limits,
      onStream: (stream, socket, link) => this.#serve(stream, socket, link),
      onRequest: (request, response, socket, link) => this.#answer(request, response, socket, link),
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
    service: MqttService,
    credentials: ServerCredentials,
    options: ListenOptions = {},
  ): Promise<MqttListener> {
    const listener = new MqttListener(service, credentials, options);
    await listener.start();
    return listener;
  }

  /** The port, which stays the same for good. */
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

  /** Stops listening and drops every client; afterwards no socket and no timer is left. Idempotent. */
  stop(reason: DisconnectReason): Promise<void> {
    return this.#then(async () => {
      if (this.#tcp.isListening) await this.#unlisten(reason);
    });
  }

  /** Stops for good. Idempotent. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await this.stop('emulator-closed');
    this.#gate.close();
  }

  /** Runs after the changes before, which may have failed. */
  #then(change: () => Promise<void>): Promise<void> {
    const next = this.#change.then(change);
    this.#change = next.catch(() => undefined);
    return next;
  }

  async #unlisten(reason: DisconnectReason): Promise<void> {
    const closed = this.#tcp.close();
    for (const session of this.#sessions) session.close(reason);
    for (const link of this.#links) link.destroy();
    await closed;
  }

  #accept(raw: Socket): void {
    const link = new Link(raw, this.#service, this.#limits.closeTimeoutMs);
    this.#links.add(link);
    link.onClosed(() => this.#links.delete(link));
    link.limit(this.#limits.handshakeTimeoutMs, 'TLS handshake');
    this.#pending.add(link);
    if (this.#interceptor?.isActive !== true) this.#secure(raw, link);
    else this.#interceptor.accepted(link, (departures) => this.#secure(raw, link, departures));
  }

  #secure(raw: Socket, link: Link, departures: HandshakeDepartures = {}): void {
    if (link.isClosed) return;
    const { secureContext = this.#secureContext, wrap, onSecure } = departures;
    const stream = wrap === undefined ? raw : wrap(raw);
    const socket = new TLSSocket(stream, {
      isServer: true,
      secureContext,
      requestCert: true,
      // Nothing is left unverified by this. Azure takes any client certificate in the handshake and decides at
      // CONNECT or at the registration, where its refusals carry a code; so does the emulator, in the attestation of
      // DPS and by the thumbprints of the hub. With `true` the handshake would fail before anything could be said.
      rejectUnauthorized: false,
    });
    link.secure(socket);
    socket.on('error', (error: Error) => debug('%s: %s', this.#service.label, error.message));
    socket.once('secure', onSecure ?? (() => this.#welcome(socket, link)));
  }

  #welcome(socket: TLSSocket, link: Link): void {
    link.limit(this.#limits.connectTimeoutMs, 'CONNECT');
    socket.once('data', (first: Buffer) => {
      socket.pause();
      socket.unshift(first);
      if ((first[0] ?? 0) >> 4 === CONNECT) this.#serve(socket, socket, link);
      else this.#gate.serve(socket, link);
      socket.resume();
    });
  }

  #serve(stream: Duplex, socket: TLSSocket, link: Link): void {
    const session = new MqttSession({
      stream,
      link,
      service: this.#service,
      certificates: presentedCertificates(socket),
      limits: this.#limits,
      interceptor: this.#interceptor,
      onConnected: () => {
        link.unlimit();
        this.#pending.delete(link);
      },
      onClosed: () => this.#sessions.delete(session),
    });
    this.#sessions.add(session);
  }

  #answer(request: IncomingMessage, response: WatchedResponse, socket: TLSSocket, link: Link): void {
    const exchange = { request, response, certificates: presentedCertificates(socket) };
    const proceed = (): void => {
      try {
        if (this.#service.handleRequest === undefined) response.writeHead(404, { connection: 'close' }).end();
        else this.#service.handleRequest(exchange);
      } catch (error) {
        // A defect of the emulator costs this client its connection and nobody else's.
        debug('%s: dropping a request: %o', this.#service.label, error);
        link.destroy();
      }
    };
    if (this.#interceptor?.isActive !== true) proceed();
    else this.#interceptor.request(exchange, link, proceed);
  }
}
