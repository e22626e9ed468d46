import type { X509Certificate } from 'node:crypto';
import { authenticationProblem } from '../connect/authentication';
import type { Identity } from '../identities/identity';
import type { UnverifiedBehavior } from '../../options/unverified-behavior';
import type { Gatekeeper } from './hub-requests';

/** What of a hub decides who may upload: the same as who may connect. */
export interface GatekeeperInit {
  readonly find: (deviceId: string) => Identity | undefined;
  readonly verifiedAuthorities: () => readonly X509Certificate[];
  readonly unverifiedBehavior: UnverifiedBehavior;
}

/** Lets in whom the hub would let connect. */
export function createGatekeeper({
  find,
  verifiedAuthorities,
  unverifiedBehavior,
}: GatekeeperInit): Gatekeeper {
  return {
    hasDevice: (deviceId) => find(deviceId) !== undefined,
    refusal: (deviceId, presented) => {
      const device = find(deviceId);
      if (device === undefined) return 'there is no such device';
      if (device.status.status === 'disabled') return 'the device is disabled';
      return authenticationProblem({
        clientId: device.clientId,
        authentication: device.authentication,
        presented,
        verifiedAuthorities: verifiedAuthorities(),
        allowsExpiredThumbprints: unverifiedBehavior.allowExpiredThumbprints,
        now: new Date(),
      });
    },
  };
}
