import type { SecureContext } from 'node:tls';
import { createRootCertificate, type IssuedCertificate, type ValidityOptions } from 'azure-iot-certificates';
import { createServerCertificate } from 'azure-iot-certificates/internal';
import { serverContext } from '../devices/tcp/server-context';
import type { CertificateAction } from './action-types';

type Kind = CertificateAction['certificate'];

/** The root and host names of the certificates. */
export interface FaultCertificatesInit {
  /** The root that devices trust. */
  readonly issuer: () => Promise<IssuedCertificate>;
  /** The host names of the emulator's own certificate. */
  readonly hostNames: readonly string[];
}

const DAY_MS = 86_400_000;

/** The validity of one day that begins that many days from now. */
function dayFrom(days: number): ValidityOptions {
  const start = Date.now() + days * DAY_MS;
  return { notBefore: new Date(start), notAfter: new Date(start + DAY_MS) };
}

/** Server certificates that no device must accept, each made when it is first needed. */
export class FaultCertificates {
  readonly #init: FaultCertificatesInit;
  readonly #made = new Map<Kind, Promise<SecureContext>>();

  constructor(init: FaultCertificatesInit) {
    this.#init = init;
  }

  context(kind: Kind): Promise<SecureContext> {
    const known = this.#made.get(kind);
    if (known !== undefined) return known;
    const made = this.#make(kind);
    // A certificate that could not be made is tried again next time.
    made.catch(() => this.#made.delete(kind));
    this.#made.set(kind, made);
    return made;
  }

  async #make(kind: Kind): Promise<SecureContext> {
    const { hostNames, issuer } = this.#init;
    const [commonName = 'localhost'] = hostNames;
    const server = await createServerCertificate({
      commonName: kind === 'wrong-host' ? 'wrong-host.invalid' : commonName,
      hostNames: kind === 'wrong-host' ? ['wrong-host.invalid'] : hostNames,
      issuer:
        kind === 'untrusted' ? await createRootCertificate({ commonName: 'untrusted root' }) : await issuer(),
      ...(kind === 'expired' && { validity: dayFrom(-2) }),
      ...(kind === 'not-yet-valid' && { validity: dayFrom(1) }),
    });
    return serverContext({ certificate: server.fullChain, privateKey: server.privateKey });
  }
}
