import type { Packet } from 'mqtt-packet';
import { ProtocolViolation } from '../violation';

/** The packet identifier, which must not be 0 [MQTT-2.3.1-1]. */
export function packetIdentifier(packet: Packet): number {
  const { messageId = 0 } = packet;
  // The codec writes -1 where the packet ends before its identifier.
  if (messageId < 1) throw new ProtocolViolation(`${packet.cmd} without packet identifier [MQTT-2.3.1-1]`);
  return messageId;
}
