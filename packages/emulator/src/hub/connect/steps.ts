import type { X509Certificate } from 'node:crypto';
import type { IConnectPacket } from 'mqtt-packet';
import type { ConnectStep } from '../../devices/mqtt/connect/verdict';
import type { UnverifiedBehavior } from '../../options/unverified-behavior';
import { authenticationProblem } from '../identities/authentication';
import type { Identity } from '../identities/identity';
import { telemetryProperties } from '../messages/topics';
import { isSameHost, type HubUsername } from './username';

/** The input of the steps. */
export interface HubConnectContext {
  readonly packet: IConnectPacket;
  readonly hostName: string;
  readonly username: HubUsername | undefined;
  readonly identity: Identity | undefined;
  /** The certificates that the client sent in the handshake, leaf first. */
  readonly presented: readonly X509Certificate[];
  readonly verifiedAuthorities: readonly X509Certificate[];
  readonly unverifiedBehavior: UnverifiedBehavior;
}

function isUnauthenticated(context: HubConnectContext): boolean {
  const { identity, presented, verifiedAuthorities, unverifiedBehavior } = context;
  if (identity === undefined) return true;
  const problem = authenticationProblem({
    clientId: identity.clientId,
    authentication: identity.authentication,
    presented,
    verifiedAuthorities,
    allowsExpiredThumbprints: unverifiedBehavior.allowExpiredThumbprints,
    now: new Date(),
  });
  return problem !== undefined;
}

/**
 * The conditions under which a hub refuses CONNECT, in their order. IoT Hub documents no return codes; clients have
 * reported 5 for every refused identity.
 */
export const CONNECT_STEPS: readonly ConnectStep<HubConnectContext>[] = [
  {
    reason: 'the username is not {hostName}/{clientId}/?api-version={version}',
    isRefused: ({ username }) => username === undefined,
    returnCode: 5,
  },
  {
    reason: 'the username names another hub',
    isRefused: ({ username, hostName }) => !isSameHost(username?.hostName, hostName),
    returnCode: 5,
  },
  {
    reason: 'a password was sent, and shared access signatures are not emulated',
    isRefused: ({ packet }) => (packet.password?.length ?? 0) > 0,
    returnCode: 5,
  },
  {
    reason: 'the client sent no certificate',
    isRefused: ({ presented }) => presented.length === 0,
    returnCode: ({ unverifiedBehavior }) => unverifiedBehavior.missingCertificate,
  },
  {
    reason: 'there is no such device or module',
    isRefused: ({ identity }) => identity === undefined,
    returnCode: 5,
  },
  {
    reason: 'the device is disabled',
    isRefused: ({ identity }) => identity?.status.status === 'disabled',
    returnCode: ({ unverifiedBehavior }) => unverifiedBehavior.disabledDevice,
  },
  {
    reason: "the certificate does not match the device's authentication",
    isRefused: isUnauthenticated,
    returnCode: 5,
  },
  {
    // IoT Hub: a will goes to the topic of telemetry, and QoS 2 is not supported.
    reason: 'the will is not a telemetry message of QoS 0 or 1',
    isRefused: ({ identity, packet: { will } }) =>
      will !== undefined &&
      (will.qos === 2 || identity === undefined || telemetryProperties(will.topic, identity) === undefined),
    returnCode: 5,
  },
];
