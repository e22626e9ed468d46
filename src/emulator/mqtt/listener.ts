import { constants } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { createServer, type Server, type TLSSocket } from 'node:tls';
import type { Duplex } from 'node:stream';
import createDebug from 'debug';
import { presentedCertificates } from './client-certificates';
import { CONNECT } from './codec';
import { DEFAULT_LIMITS, type MqttLimits } from './limits';
import type { DisconnectReason, MqttService } from './service';
import { MqttSession } from './session';
import { HttpGate } from './http-gate';

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
  /** Default: a free one, chosen by the system. */
  readonly port?: number;
  readonly limits?: MqttLimits;
}

/** One port: mutual TLS, and inside it MQTT, MQTT over WebSockets or HTTP, whichever the client speaks. */
export class MqttListener {
  readonly #service: MqttService;
  readonly #limits: MqttLimits;
  readonly #server: Server;
  readonly #gate = new HttpGate({
    onStream: (stream, socket) => this.#serve(stream, socket),
    onRequest: (request, response, socket) => this.#answer(request, response, socket),
  });
  readonly #host: string;
  readonly #sockets = new Set<Socket>();
  readonly #sessions = new Set<MqttSession>();
  readonly #connectTimers = new Map<Duplex, NodeJS.Timeout>();
  /** The last of the changes between listening and not listening, which happen one after the other. */
  #change: Promise<void> = Promise.resolve();
  #port: number;
  #isClosed = false;

  private constructor(service: MqttService, credentials: ServerCredentials, options: ListenOptions) {
    const { host = '127.0.0.1', port = 0, limits = DEFAULT_LIMITS } = options;
    this.#service = service;
    this.#limits = limits;
    this.#host = host;
    this.#port = port;
    this.#server = createServer(
      {
        // Small packets at once: waiting for more costs 40 ms a message on a connection that acknowledges late.
        noDelay: true,
        cert: credentials.certificate,
        key: credentials.privateKey,
        minVersion: 'TLSv1.2',
        handshakeTimeout: limits.handshakeTimeoutMs,
        requestCert: true,
        // Nothing is left unverified by this. Azure takes any client certificate in the handshake and decides at
        // CONNECT or at the registration, where its refusals carry a code; so does the emulator, in the attestation of
        // DPS and by the thumbprints of the hub. With `true` the handshake would fail before anything could be said.
        rejectUnauthorized: false,
        // No `ca`: a CA known here would complete chains that the device did not send. No tickets: the server sees
        // nothing but the leaf on a resumed session, and a device with an intermediate would be refused.
        secureOptions: constants.SSL_OP_NO_TICKET,
      },
      (socket) => this.#welcome(socket),
    );
    this.#server.on('error', (error: Error) => debug('%s: %s', service.label, error.message));
    this.#server.on('connection', (socket: Socket) => this.#track(socket));
    this.#server.on('tlsClientError', (error: Error, socket: TLSSocket) => {
      debug('%s: handshake failed: %s', service.label, error.message);
      socket.destroy();
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
    return this.#port;
  }

  /** Listens again, on the same port. Idempotent. Rejects when closed, and with the system's error. */
  start(): Promise<void> {
    return this.#then(async () => {
      if (this.#isClosed) throw new Error(`The emulator is closed, and with it ${this.#service.label}.`);
      if (!this.#server.listening) await this.#listen();
    });
  }

  /** Stops listening and drops every client; afterwards no socket and no timer is left. Idempotent. */
  stop(reason: DisconnectReason): Promise<void> {
    return this.#then(async () => {
      if (this.#server.listening) await this.#unlisten(reason);
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

  async #listen(): Promise<void> {
    const server = this.#server;
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen({ host: this.#host, port: this.#port }, () => {
        server.off('error', reject);
        resolve();
      });
    });
    // A TCP server that listens has an address of this shape; the type also covers pipes and closed servers.
    this.#port = (server.address() as AddressInfo).port;
  }

  #unlisten(reason: DisconnectReason): Promise<void> {
    return new Promise((resolve) => {
      this.#server.close(() => resolve());
      for (const session of this.#sessions) session.close(reason);
      for (const timer of this.#connectTimers.values()) clearTimeout(timer);
      for (const socket of this.#sockets) socket.destroy();
    });
  }

  #track(socket: Socket): void {
    this.#sockets.add(socket);
    socket.on('error', (error: Error) => debug('%s: %s', this.#service.label, error.message));
    socket.on('close', () => this.#sockets.delete(socket));
  }

  #welcome(socket: TLSSocket): void {
    socket.on('error', (error: Error) => debug('%s: %s', this.#service.label, error.message));
    const timer = setTimeout(() => {
      debug('%s: no CONNECT in time', this.#service.label);
      socket.destroy();
    }, this.#limits.connectTimeoutMs).unref();
    this.#connectTimers.set(socket, timer);
    socket.once('close', () => this.#stopConnectTimer(socket));
    socket.once('data', (first: Buffer) => {
      socket.pause();
      socket.unshift(first);
      if ((first[0] ?? 0) >> 4 === CONNECT) this.#serve(socket, socket);
      else this.#gate.serve(socket);
      socket.resume();
    });
  }

  #serve(stream: Duplex, socket: TLSSocket): void {
    const session = new MqttSession({
      stream,
      service: this.#service,
      certificates: presentedCertificates(socket),
      limits: this.#limits,
      onConnected: () => this.#stopConnectTimer(socket),
      onClosed: () => this.#sessions.delete(session),
    });
    this.#sessions.add(session);
  }

  #answer(request: IncomingMessage, response: ServerResponse, socket: TLSSocket): void {
    this.#stopConnectTimer(socket);
    if (this.#service.handleRequest === undefined) response.writeHead(404, { connection: 'close' }).end();
    else this.#service.handleRequest({ request, response, certificates: presentedCertificates(socket) });
  }

  #stopConnectTimer(socket: Duplex): void {
    clearTimeout(this.#connectTimers.get(socket));
    this.#connectTimers.delete(socket);
  }
}
