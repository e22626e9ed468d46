import type { SecureContext } from 'node:tls';
import type { HandshakeOverrides } from '../devices/interceptor';
import type { TcpConnection } from '../devices/tcp/tcp-connection';
import type { CertificateAction } from './action-types';
import type { ActiveFault } from './active-fault';
import { Relay } from './relay';
import { isServiceAction, type ServiceActions, type Subject } from './service-actions';

/** Makes the TLS settings with a certificate that a device must not accept. */
export type CreateContext = (certificate: CertificateAction['certificate']) => Promise<SecureContext>;

/** The changes to a handshake by the faults at `tcp` and `tls` together. */
interface Overrides {
  readonly throttle?: { readonly bytesPerSecond: number; readonly fault: ActiveFault };
  readonly isCut?: boolean;
  readonly secureContext?: SecureContext;
  readonly onSecure?: () => void;
}

type Proceed = (overrides: Overrides) => void;

/** Performs the actions of faults at TCP connections and TLS handshakes. */
export class ConnectionFaults {
  readonly #services: ServiceActions;
  readonly #createContext: CreateContext;

  constructor(services: ServiceActions, createContext: CreateContext) {
    this.#services = services;
    this.#createContext = createContext;
  }

  /** Begins the handshake of a connection, unless a fault prevents it. `find` returns the fault that hits a step. */
  run(
    tcp: TcpConnection,
    find: (step: 'tcp' | 'tls') => Subject | undefined,
    proceed: (overrides: HandshakeOverrides) => void,
  ): void {
    this.#perform(tcp, find('tcp'), {}, (afterTcp) => {
      this.#perform(tcp, find('tls'), afterTcp, (afterTls) => proceed(this.#toHandshake(tcp, afterTls)));
    });
  }

  #perform(tcp: TcpConnection, subject: Subject | undefined, overrides: Overrides, proceed: Proceed): void {
    if (subject === undefined) {
      proceed(overrides);
      return;
    }
    const { fault } = subject;
    const { at, action } = fault.init;
    switch (action.kind) {
      case 'close':
      case 'reset': {
        const cut = (): void => (action.kind === 'close' ? tcp.end() : tcp.reset());
        if (action.when === 'after') proceed({ ...overrides, onSecure: cut });
        else if (at === 'tls') tcp.onFirstBytes(cut);
        else cut();
        return;
      }
      case 'stall':
        tcp.liftDeadlines();
        fault.holdOn(tcp, () => tcp.reset());
        if (at === 'tls') proceed({ ...overrides, isCut: true });
        else tcp.stall();
        return;
      case 'delay':
        fault.delayOn(tcp, action.ms, () => proceed(overrides));
        return;
      case 'throttle':
        tcp.liftDeadlines();
        proceed({ ...overrides, throttle: { bytesPerSecond: action.bytesPerSecond, fault } });
        return;
      case 'certificate':
        this.#createContext(action.certificate).then(
          (secureContext) => proceed({ ...overrides, secureContext }),
          (error: unknown) => {
            fault.warn(`could not make a certificate that is ${action.certificate}`, error);
            tcp.reset();
          },
        );
        return;
      default:
        if (isServiceAction(action)) this.#services.run(action, subject);
        proceed(overrides);
    }
  }

  #toHandshake(tcp: TcpConnection, overrides: Overrides): HandshakeOverrides {
    const { throttle, isCut = false, secureContext, onSecure } = overrides;
    return {
      ...(secureContext !== undefined && { secureContext }),
      ...(onSecure !== undefined && { onSecure }),
      ...((throttle !== undefined || isCut) && {
        wrap: (socket) => {
          const relay = new Relay(socket, { bytesPerSecond: throttle?.bytesPerSecond, isCut });
          if (throttle !== undefined) throttle.fault.holdOn(tcp, () => relay.throttle(undefined));
          return relay;
        },
      }),
    };
  }
}
