import type { IUnsubscribePacket } from 'mqtt-packet';
import type { MqttClient } from '../service';
import type { MqttSession } from '../client-connection';
import { ProtocolViolation } from '../violation';
import { packetIdentifier } from './packet-identifier';

/** UNSUBSCRIBE (MQTT 3.1.1, 3.10). */
export function handleUnsubscribe(
  session: MqttSession,
  client: MqttClient,
  packet: IUnsubscribePacket,
): void {
  const messageId = packetIdentifier(packet);
  if (packet.unsubscriptions.length === 0)
    throw new ProtocolViolation('UNSUBSCRIBE of nothing [MQTT-3.10.3-2]');
  client.unsubscribe(packet.unsubscriptions);
  for (const filter of packet.unsubscriptions) session.granted.delete(filter);
  session.write({ cmd: 'unsuback', messageId, granted: [] });
}
