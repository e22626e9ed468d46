import { randomBytes, type X509Certificate } from 'node:crypto';
import { exactOptional } from 'valibot';
import { EmulatorError, invalidArgument, SERVICE_ERROR } from '../protocol/errors';
import { newEtag } from '../protocol/etag';
import { toJson, type JsonObject, type JsonValue } from '../protocol/json';
import { utcTimestamp } from '../protocol/timestamp';
import { object } from '../schemas/objects';
import { boolean, refined, text } from '../schemas/values';
import { readStored, uniqueList } from '../stored/stored-value';
import type { AuthorityCertificate, AuthorityCertificateInit, AuthorityCertificates } from './types';
import { commonName, isIssuedBy, isValidAt, readCertificate } from './x509';

/** IoT Hub and DPS: the number of authorities that can be uploaded to one instance. */
const MAX_CERTIFICATES = 25;

/** The surroundings of a store. */
export interface AuthorityCertificateStoreInit {
  /** Tells whether the authority of that name is in use and must not be deleted. Default: always false. */
  readonly isReferenced?: (name: string) => boolean;
  /** Called after every change. */
  readonly changed?: () => void;
}

interface Entry {
  readonly certificate: AuthorityCertificate;
  readonly x509: X509Certificate;
  readonly verificationCode?: string;
}

/** Reads a certificate that must be a certificate authority. @throws EmulatorError 400004 */
export function readAuthority(pem: string, parameter: string): X509Certificate {
  const certificate = readCertificate(pem, parameter);
  if (certificate.ca) return certificate;
  throw invalidArgument(`${parameter} is not a certificate authority: basic constraints do not say CA:TRUE`);
}

const STORED = uniqueList(
  object({
    name: text,
    certificate: refined(text, (pem) => ({ pem, x509: readAuthority(pem, 'the value') })),
    isVerified: boolean,
    verificationCode: exactOptional(text),
    createdDateTimeUtc: text,
    lastUpdatedDateTimeUtc: text,
    etag: text,
  }),
  ({ name }) => name,
);

/** The details of a certificate that the service shows. */
function described(x509: X509Certificate): Pick<AuthorityCertificate, 'subject' | 'thumbprint'> {
  return { subject: x509.subject, thumbprint: x509.fingerprint.replaceAll(':', '') };
}

/** The problem of a proof of possession, or `undefined`. */
function verificationProblem({ x509, verificationCode }: Entry, proof: X509Certificate): string | undefined {
  if (verificationCode === undefined) return 'no verification code has been generated for this certificate';
  const name = commonName(proof);
  if (name !== verificationCode) {
    return `its common name is ${name ?? 'missing'} and not the verification code ${verificationCode}`;
  }
  if (!isIssuedBy(proof, x509)) return "it is not signed by this certificate authority's private key";
  if (!isValidAt(proof, new Date()))
    return `it is valid from ${proof.validFrom} to ${proof.validTo}, not now`;
  return undefined;
}

/** Uploaded certificate authorities and their proof of possession. */
export class AuthorityCertificateStore implements AuthorityCertificates {
  readonly #entries = new Map<string, Entry>();
  readonly #isReferenced: (name: string) => boolean;
  readonly #changed: () => void;

  constructor({ isReferenced = () => false, changed = () => undefined }: AuthorityCertificateStoreInit = {}) {
    this.#isReferenced = isReferenced;
    this.#changed = changed;
  }

  upload(init: AuthorityCertificateInit): AuthorityCertificate {
    const { name, certificate, isVerified = false } = init;
    if (name === '') throw invalidArgument('name is empty');
    if (this.#entries.has(name)) {
      throw new EmulatorError(SERVICE_ERROR.alreadyExists, `There is a certificate named ${name} already`);
    }
    if (this.#entries.size >= MAX_CERTIFICATES) {
      throw new EmulatorError(
        SERVICE_ERROR.quotaExceeded,
        `There are ${MAX_CERTIFICATES} certificates already`,
      );
    }
    const x509 = readAuthority(certificate, 'certificate');
    const now = utcTimestamp();
    return this.#store({
      x509,
      certificate: {
        name,
        certificate,
        isVerified,
        ...described(x509),
        createdDateTimeUtc: now,
        lastUpdatedDateTimeUtc: now,
        etag: newEtag(),
      },
    });
  }

  generateVerificationCode(name: string): string {
    const entry = this.#require(name);
    const verificationCode = randomBytes(24).toString('hex').toUpperCase();
    this.#store({ ...entry, verificationCode });
    return verificationCode;
  }

  verify(name: string, verificationCertificate: string): AuthorityCertificate {
    const entry = this.#require(name);
    const proof = readCertificate(verificationCertificate, 'verificationCertificate');
    const problem = verificationProblem(entry, proof);
    if (problem !== undefined) {
      throw invalidArgument(`The verification certificate for ${name} is refused: ${problem}`);
    }
    const { x509, certificate } = entry;
    const lastUpdatedDateTimeUtc = utcTimestamp();
    return this.#store({
      x509,
      certificate: { ...certificate, isVerified: true, lastUpdatedDateTimeUtc, etag: newEtag() },
    });
  }

  get(name: string): AuthorityCertificate | undefined {
    return this.#entries.get(name)?.certificate;
  }

  list(): readonly AuthorityCertificate[] {
    return [...this.#entries.values()].map(({ certificate }) => certificate);
  }

  delete(name: string): void {
    this.#require(name);
    if (this.#isReferenced(name)) {
      throw new EmulatorError(
        SERVICE_ERROR.alreadyExists,
        `An enrollment group refers to certificate ${name}`,
      );
    }
    this.#entries.delete(name);
    this.#changed();
  }

  /** The authority of that name if it is verified. */
  findVerified(name: string): X509Certificate | undefined {
    const entry = this.#entries.get(name);
    return entry?.certificate.isVerified === true ? entry.x509 : undefined;
  }

  /** All verified authorities. */
  listVerified(): readonly X509Certificate[] {
    return [...this.#entries.values()]
      .filter(({ certificate }) => certificate.isVerified)
      .map(({ x509 }) => x509);
  }

  snapshot(): readonly JsonObject[] {
    return [...this.#entries.values()].map(({ certificate, verificationCode }) => {
      const {
        name,
        certificate: pem,
        isVerified,
        createdDateTimeUtc,
        lastUpdatedDateTimeUtc,
        etag,
      } = certificate;
      return toJson({
        ...{ name, certificate: pem, isVerified, verificationCode },
        ...{ createdDateTimeUtc, lastUpdatedDateTimeUtc, etag },
      });
    });
  }

  /** Replaces all authorities. @throws StoredValueError */
  restore(snapshot: JsonValue | undefined, path: string): void {
    const entries = readStored(STORED, snapshot, path);
    this.#entries.clear();
    for (const { certificate, verificationCode, ...rest } of entries) {
      const { pem, x509 } = certificate;
      this.#entries.set(rest.name, {
        x509,
        ...(verificationCode !== undefined && { verificationCode }),
        certificate: { ...rest, certificate: pem, ...described(x509) },
      });
    }
  }

  #require(name: string): Entry {
    const entry = this.#entries.get(name);
    if (entry !== undefined) return entry;
    throw new EmulatorError(SERVICE_ERROR.certificateNotFound, `There is no certificate named ${name}`);
  }

  #store(entry: Entry): AuthorityCertificate {
    this.#entries.set(entry.certificate.name, entry);
    this.#changed();
    return entry.certificate;
  }
}
