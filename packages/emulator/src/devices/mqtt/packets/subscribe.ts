import type { ISubscribePacket } from 'mqtt-packet';
import type { MqttClient } from '../service';
import type { MqttSession } from '../client-connection';
import { ProtocolViolation } from '../violation';
import { packetIdentifier } from './packet-identifier';

/** SUBSCRIBE (MQTT 3.1.1, 3.8). */
export function handleSubscribe(session: MqttSession, client: MqttClient, packet: ISubscribePacket): void {
  const messageId = packetIdentifier(packet);
  if (packet.subscriptions.length === 0) throw new ProtocolViolation('SUBSCRIBE of nothing [MQTT-3.8.3-3]');
  const { granted, afterwards } = client.subscribe(packet.subscriptions);
  packet.subscriptions.forEach(({ topic }, index) => session.granted.set(topic, granted[index] ?? 0));
  session.write({ cmd: 'suback', messageId, granted: [...granted] });
  afterwards?.();
}
