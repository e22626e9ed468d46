import type { X509Certificate } from 'node:crypto';
import { readAuthority } from '../../authorities/authority-certificates';
import { isSameCertificate } from '../../authorities/x509';
import { optional, readString, type readFields } from '../../stored/read';
import type { GroupAttestation } from '../types';

/** Where attestation may be given, among other things. */
export type AttestationSource = { readonly [Name in keyof GroupAttestation]?: string | undefined };

/** The authorities of a group: certificates of its own, and names of uploaded ones. */
export interface Authorities {
  readonly signingCertificates: readonly X509Certificate[];
  readonly certificateNames: readonly string[];
}

function isString(value: string | undefined): value is string {
  return value !== undefined;
}

/** The attestation without anything else of the object; `undefined` if it names no authority. */
export function pickAttestation(source: AttestationSource): GroupAttestation | undefined {
  const { certificateName, secondaryCertificateName, signingCertificate, secondarySigningCertificate } =
    source;
  if (certificateName !== undefined) {
    return { certificateName, ...(secondaryCertificateName !== undefined && { secondaryCertificateName }) };
  }
  if (signingCertificate === undefined) return undefined;
  return {
    signingCertificate,
    ...(secondarySigningCertificate !== undefined && { secondarySigningCertificate }),
  };
}

/** Reads the certificates. @throws EmulatorError 400004 for one that is not of a certificate authority */
export function readAuthorities(attestation: GroupAttestation): Authorities {
  const { certificateName, secondaryCertificateName, signingCertificate, secondarySigningCertificate } =
    attestation;
  const own: AttestationSource = { signingCertificate, secondarySigningCertificate };
  return {
    certificateNames: [certificateName, secondaryCertificateName].filter(isString),
    signingCertificates: Object.entries(own).flatMap(([parameter, pem]) =>
      pem === undefined ? [] : readAuthority(pem, parameter),
    ),
  };
}

/** Whether two groups have an authority in common, by name or by certificate. */
export function haveCommonAuthority(left: Authorities, right: Authorities): boolean {
  return (
    left.certificateNames.some((name) => right.certificateNames.includes(name)) ||
    left.signingCertificates.some((mine) =>
      right.signingCertificates.some((theirs) => isSameCertificate(mine, theirs)),
    )
  );
}

/** Reads the attestation of a stored group; `undefined` if it names no authority. */
export function readStoredAttestation(field: ReturnType<typeof readFields>): GroupAttestation | undefined {
  return pickAttestation({
    certificateName: field('certificateName', optional(readString)),
    secondaryCertificateName: field('secondaryCertificateName', optional(readString)),
    signingCertificate: field('signingCertificate', optional(readString)),
    secondarySigningCertificate: field('secondarySigningCertificate', optional(readString)),
  });
}
