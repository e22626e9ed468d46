import type { X509Certificate } from 'node:crypto';
import type { ConnectStep } from '../../devices/mqtt/connect/verdict';
import type { UnverifiedBehavior } from '../../options/unverified-behavior';
import type { DpsUsername } from './username';

/** The input of the steps. */
export interface DpsConnectContext {
  readonly clientId: string;
  readonly password: string;
  readonly username: DpsUsername | undefined;
  /** True if a DPS instance has the ID scope. */
  readonly isKnownIdScope: boolean;
  readonly leaf: X509Certificate | undefined;
  readonly unverifiedBehavior: UnverifiedBehavior;
}

/** The conditions under which DPS refuses CONNECT, in their order. */
export const CONNECT_STEPS: readonly ConnectStep<DpsConnectContext>[] = [
  {
    reason: 'the username is not {idScope}/registrations/{registrationId}/api-version={version}',
    isRefused: ({ username }) => username === undefined,
    returnCode: 5,
  },
  {
    // Registration IDs are compared without case everywhere in DPS.
    reason: 'ClientId is not the registration ID in the username',
    isRefused: ({ clientId, username }) => clientId.toLowerCase() !== username?.registrationId.toLowerCase(),
    returnCode: 5,
  },
  {
    reason: 'no DPS instance has this ID scope',
    isRefused: ({ isKnownIdScope }) => !isKnownIdScope,
    returnCode: ({ unverifiedBehavior }) => unverifiedBehavior.unknownIdScope,
  },
  {
    reason: 'a password was sent, and symmetric keys are not emulated',
    isRefused: ({ password }) => password !== '',
    returnCode: 5,
  },
  {
    reason: 'the client sent no certificate',
    isRefused: ({ leaf }) => leaf === undefined,
    returnCode: ({ unverifiedBehavior }) => unverifiedBehavior.missingCertificate,
  },
];
