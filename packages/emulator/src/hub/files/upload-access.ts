import type { X509Certificate } from 'node:crypto';
import type { UnverifiedBehavior } from '../../options/unverified-behavior';
import { authenticationProblem } from '../identities/authentication';
import type { Identity } from '../identities/identity';
import type { UploadAccess } from './hub-requests';

/** The parts of a hub that decide whether a device may upload. They are the same as for connecting. */
export interface UploadAccessInit {
  readonly find: (deviceId: string) => Identity | undefined;
  readonly verifiedAuthorities: () => readonly X509Certificate[];
  readonly unverifiedBehavior: UnverifiedBehavior;
}

/** Admits a device to file uploads if it could connect over MQTT. */
export function createUploadAccess({
  find,
  verifiedAuthorities,
  unverifiedBehavior,
}: UploadAccessInit): UploadAccess {
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
