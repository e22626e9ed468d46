import type { IConnectPacket } from 'mqtt-packet';
import { CONNECT, packetType, protocolLevel } from '../codec';
import { ProtocolViolation } from '../violation';
import type { ConnectRefusal, ConnectStep } from './verdict';

/** The conditions of MQTT itself, before a service is asked. */
export const PROTOCOL_STEPS: readonly ConnectStep<IConnectPacket>[] = [
  {
    reason: 'no ClientId for a session to be kept [MQTT-3.1.3-8]',
    isRefused: ({ clientId, clean }) => clientId === '' && clean === false,
    returnCode: 2,
  },
];

/**
 * The refusal of a first packet by its fixed header, before it is decoded.
 *
 * @throws ProtocolViolation when it is no CONNECT packet: the connection is closed without an answer.
 */
export function undecodedRefusal(frame: Buffer): ConnectRefusal | undefined {
  if (packetType(frame) !== CONNECT) throw new ProtocolViolation('no CONNECT first [MQTT-3.1.0-1]');
  if (protocolLevel(frame) === 4) return undefined;
  return { returnCode: 1, reason: 'protocol level is not 4, which is MQTT 3.1.1 [MQTT-3.1.2-2]' };
}
