import type { X509Certificate } from 'node:crypto';
import type { IConnectPacket } from 'mqtt-packet';
import type { ConnectStep } from '../mqtt/service';
import type { UnverifiedBehavior } from '../unverified-behavior';
import type { Device } from './device';
import { telemetryTopic } from './topics';

/** What IoT Hub reads from the username of a CONNECT packet. */
export interface HubUsername {
  readonly hostName: string;
  readonly clientId: string;
  readonly apiVersion: string | undefined;
  readonly modelId: string | undefined;
}

const USERNAME = /^(?<hostName>[^/]+)\/(?<clientId>[^/]+)\/(?:\?(?<parameters>.*))?$/;

/** IoT Hub: `{hostName}/{clientId}/?api-version=…&model-id=…&DeviceClientType=…`; a client may leave the query out. */
export function parseUsername(username: string): HubUsername | undefined {
  const { hostName, clientId, parameters = '' } = USERNAME.exec(username)?.groups ?? {};
  if (hostName === undefined || clientId === undefined) return undefined;
  const query = new URLSearchParams(parameters);
  return {
    hostName,
    clientId,
    apiVersion: query.get('api-version') ?? undefined,
    modelId: query.get('model-id') ?? undefined,
  };
}

/** What the steps decide by. */
export interface HubConnectContext {
  readonly packet: IConnectPacket;
  readonly hostName: string;
  readonly username: HubUsername | undefined;
  readonly device: Device | undefined;
  readonly leaf: X509Certificate | undefined;
  readonly unverifiedBehavior: UnverifiedBehavior;
}

function matchesThumbprint({ device, leaf }: HubConnectContext): boolean {
  if (device === undefined || leaf === undefined) return false;
  const { primaryThumbprint, secondaryThumbprint } = device.authentication;
  return [leaf.fingerprint, leaf.fingerprint256]
    .map((thumbprint) => thumbprint.replaceAll(':', ''))
    .some((thumbprint) => thumbprint === primaryThumbprint || thumbprint === secondaryThumbprint);
}

/** IoT Hub documents no return codes; 5 is what clients have reported for every refused identity. */
export const CONNECT_STEPS: readonly ConnectStep<HubConnectContext>[] = [
  {
    reason: 'the username is not {hostName}/{clientId}/?api-version={version}',
    isRefused: ({ username }) => username?.apiVersion === undefined,
    returnCode: 5,
  },
  {
    reason: 'the username names another hub',
    isRefused: ({ username, hostName }) => !isSameHost(username?.hostName, hostName),
    returnCode: 5,
  },
  {
    reason: 'ClientId is not the one in the username',
    isRefused: ({ username, packet }) => username?.clientId !== packet.clientId,
    returnCode: 5,
  },
  {
    reason: 'a password was sent, and shared access signatures are not emulated',
    isRefused: ({ packet }) => (packet.password?.length ?? 0) > 0,
    returnCode: 5,
  },
  {
    reason: 'the client sent no certificate',
    isRefused: ({ leaf }) => leaf === undefined,
    returnCode: ({ unverifiedBehavior }) => unverifiedBehavior.missingCertificate,
  },
  { reason: 'there is no such device', isRefused: ({ device }) => device === undefined, returnCode: 5 },
  {
    reason: 'the device is disabled',
    isRefused: ({ device }) => device?.status === 'disabled',
    returnCode: ({ unverifiedBehavior }) => unverifiedBehavior.disabledDevice,
  },
  {
    reason: "the certificate's thumbprint is not one of the device's",
    isRefused: (context) => !matchesThumbprint(context),
    returnCode: 5,
  },
  {
    // IoT Hub: a will goes to the topic of telemetry, and QoS 2 is not supported.
    reason: 'the will is not a telemetry message of QoS 0 or 1',
    isRefused: ({ packet: { clientId, will } }) =>
      will !== undefined && (will.qos === 2 || !will.topic.startsWith(telemetryTopic(clientId))),
    returnCode: 5,
  },
];

/** Host names are compared without case. The port may be left out: not every client repeats it in the username. */
export function isSameHost(given: string | undefined, hostName: string): boolean {
  const host = hostName.toLowerCase();
  return given !== undefined && [host, host.split(':')[0]].includes(given.toLowerCase());
}
