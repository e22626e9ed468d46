import type { X509Certificate } from 'node:crypto';
import { includesCertificate, issuersUpwards } from '../../authorities/chain';
import { commonName, isValidAt } from '../../authorities/x509';
import { invalidArgument } from '../../protocol/errors';
import type { DeviceAuthentication } from './types';

const THUMBPRINT = /^([0-9A-F]{40}|[0-9A-F]{64})$/;

function normalizeThumbprint(thumbprint: string, parameter: string): string {
  const normal = thumbprint.replaceAll(/[:\s]/g, '').toUpperCase();
  if (THUMBPRINT.test(normal)) return normal;
  throw invalidArgument(`${parameter} is neither a SHA-1 nor a SHA-256 thumbprint in hexadecimal`);
}

/** @throws EmulatorError 400004 */
export function normalizeAuthentication(authentication: DeviceAuthentication): DeviceAuthentication {
  // Callers in JavaScript may pass any type.
  const type: string = authentication.type ?? 'selfSigned';
  const { primaryThumbprint, secondaryThumbprint } = authentication;
  if (type === 'certificateAuthority') {
    if (primaryThumbprint === undefined && secondaryThumbprint === undefined) return { type };
    throw invalidArgument('authentication by certificateAuthority has no thumbprints');
  }
  if (type !== 'selfSigned') {
    throw invalidArgument('authentication.type is neither selfSigned nor certificateAuthority');
  }
  return {
    type,
    ...(primaryThumbprint !== undefined && {
      primaryThumbprint: normalizeThumbprint(primaryThumbprint, 'primaryThumbprint'),
    }),
    ...(secondaryThumbprint !== undefined && {
      secondaryThumbprint: normalizeThumbprint(secondaryThumbprint, 'secondaryThumbprint'),
    }),
  };
}

/** The certificates of a client, and the authentication that they must match. */
export interface AuthenticationRequest {
  /** `deviceId`, or `deviceId/moduleId`. */
  readonly clientId: string;
  readonly authentication: DeviceAuthentication;
  /** The certificates that the client sent in the handshake, leaf first. */
  readonly presented: readonly X509Certificate[];
  readonly verifiedAuthorities: readonly X509Certificate[];
  readonly allowsExpiredThumbprints: boolean;
  readonly now: Date;
}

function thumbprintProblem(request: AuthenticationRequest, leaf: X509Certificate): string | undefined {
  const { authentication, allowsExpiredThumbprints, now } = request;
  const { primaryThumbprint, secondaryThumbprint } = authentication;
  const isKnown = [leaf.fingerprint, leaf.fingerprint256]
    .map((thumbprint) => thumbprint.replaceAll(':', ''))
    .some((thumbprint) => thumbprint === primaryThumbprint || thumbprint === secondaryThumbprint);
  if (!isKnown) return "the certificate's thumbprint is not one of the device's";
  return allowsExpiredThumbprints ? undefined : validityProblem(leaf, now);
}

function validityProblem(leaf: X509Certificate, now: Date): string | undefined {
  if (isValidAt(leaf, now)) return undefined;
  return `the certificate is valid from ${leaf.validFrom} to ${leaf.validTo}, not now`;
}

function authorityProblem(request: AuthenticationRequest, leaf: X509Certificate): string | undefined {
  const { clientId, presented, verifiedAuthorities, now } = request;
  // IoT Hub: CN=deviceId, for a module CN=deviceId/moduleId. Upper and lower case count in both.
  if (commonName(leaf) !== clientId) return `the certificate's common name is not ${clientId}`;
  const problem = validityProblem(leaf, now);
  if (problem !== undefined) return problem;
  const candidates = [...presented.slice(1), ...verifiedAuthorities];
  for (const issuers of issuersUpwards({ leaf, candidates, now })) {
    if (issuers.some((issuer) => includesCertificate(verifiedAuthorities, issuer))) return undefined;
  }
  return 'the chain that was sent does not lead to a verified certificate authority of the hub';
}

/** The reason for which the client is refused, or `undefined` if the client is authenticated. */
export function authenticationProblem(request: AuthenticationRequest): string | undefined {
  const [leaf] = request.presented;
  if (leaf === undefined) return 'the client sent no certificate';
  return request.authentication.type === 'certificateAuthority'
    ? authorityProblem(request, leaf)
    : thumbprintProblem(request, leaf);
}
