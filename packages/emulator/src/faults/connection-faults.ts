import type { SecureContext } from 'node:tls';
import type { HandshakeDepartures } from '../devices/interceptor';
import type { Link } from '../devices/tcp/tcp-connection';
import type { ActiveFault } from './active-fault';
import type { CertificateAction } from './action-types';
import { holdOn } from './hold-on';
import { Relay } from './relay';
import { isServiceAction, type ServiceActions, type Subject } from './service-actions';
import { warn } from './warn';

/** Makes what a server shows instead of its own certificate. */
export type CreateContext = (certificate: CertificateAction['certificate']) => Promise<SecureContext>;

/** How a connection is to be secured, as it comes together. */
interface Departures {
  readonly throttle?: { readonly bytesPerSecond: number; readonly fault: ActiveFault };
  readonly isCut?: boolean;
  readonly secureContext?: SecureContext;
  readonly onSecure?: () => void;
}

type Proceed = (departures: Departures) => void;

/** Strikes at connections before anything is said over them. */
export class LinkStrikes {
  readonly #services: ServiceActions;
  readonly #createContext: CreateContext;

  constructor(services: ServiceActions, createContext: CreateContext) {
    this.#services = services;
    this.#createContext = createContext;
  }

  /**
   * Lets a connection be secured, if no fault is against it. `tcp` and `tls` are asked who strikes, each when its time
   * has come.
   */
  run(
    link: Link,
    tcp: () => Subject | undefined,
    tls: () => Subject | undefined,
    proceed: (departures: HandshakeDepartures) => void,
  ): void {
    this.#strike(link, tcp(), {}, (connection) => {
      this.#strike(link, tls(), connection, (handshake) => proceed(this.#toHandshake(link, handshake)));
    });
  }

  #strike(link: Link, subject: Subject | undefined, departures: Departures, proceed: Proceed): void {
    if (subject === undefined) {
      proceed(departures);
      return;
    }
    const { fault } = subject;
    const { at, action } = fault.init;
    switch (action.kind) {
      case 'close':
      case 'reset': {
        const cut = (): void => (action.kind === 'close' ? link.end() : link.reset());
        if (action.when === 'after') proceed({ ...departures, onSecure: cut });
        else if (at === 'tls') link.onceHeard(cut);
        else cut();
        return;
      }
      case 'stall':
        link.exempt();
        holdOn(link, fault, () => link.reset());
        if (at === 'tls') proceed({ ...departures, isCut: true });
        else link.stall();
        return;
      case 'delay':
        link.exempt();
        this.#delay(link, fault, action.ms, () => proceed(departures));
        return;
      case 'throttle':
        link.exempt();
        proceed({ ...departures, throttle: { bytesPerSecond: action.bytesPerSecond, fault } });
        return;
      case 'certificate':
        this.#createContext(action.certificate).then(
          (secureContext) => proceed({ ...departures, secureContext }),
          (error: unknown) => {
            warn(fault, `could not make a certificate that is ${action.certificate}`, error);
            link.reset();
          },
        );
        return;
      default:
        if (isServiceAction(action)) this.#services.run(action, subject);
        proceed(departures);
    }
  }

  #delay(link: Link, fault: ActiveFault, ms: number, run: () => void): void {
    const end = (): void => {
      clearTimeout(timer);
      done();
      if (!link.isClosed) run();
    };
    const timer = setTimeout(end, ms).unref();
    const done = holdOn(link, fault, end);
    link.onClosed(() => clearTimeout(timer));
  }

  #toHandshake(link: Link, departures: Departures): HandshakeDepartures {
    const { throttle, isCut = false, secureContext, onSecure } = departures;
    return {
      ...(secureContext !== undefined && { secureContext }),
      ...(onSecure !== undefined && { onSecure }),
      ...((throttle !== undefined || isCut) && {
        wrap: (socket) => {
          const relay = new Relay(socket, { bytesPerSecond: throttle?.bytesPerSecond, isCut });
          if (throttle !== undefined) holdOn(link, throttle.fault, () => relay.throttle(undefined));
          return relay;
        },
      }),
    };
  }
}
