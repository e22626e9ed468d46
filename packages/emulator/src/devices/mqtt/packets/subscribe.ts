import type { ISubscribePacket, IUnsubscribePacket } from 'mqtt-packet';
import { ProtocolViolation } from '../violation';
import { packetIdentifier, type Serving } from './serving';

/** SUBSCRIBE (MQTT 3.1.1, 3.8). */
export function handleSubscribe(serving: Serving, packet: ISubscribePacket): void {
  const messageId = packetIdentifier(packet);
  if (packet.subscriptions.length === 0) throw new ProtocolViolation('SUBSCRIBE of nothing [MQTT-3.8.3-3]');
  const { granted, afterwards } = serving.client.subscribe(packet.subscriptions);
  packet.subscriptions.forEach(({ topic }, index) => serving.granted.set(topic, granted[index] ?? 0));
  serving.write({ cmd: 'suback', messageId, granted: [...granted] });
  afterwards?.();
}

/** UNSUBSCRIBE (MQTT 3.1.1, 3.10). */
export function handleUnsubscribe(serving: Serving, packet: IUnsubscribePacket): void {
  const messageId = packetIdentifier(packet);
  if (packet.unsubscriptions.length === 0)
    throw new ProtocolViolation('UNSUBSCRIBE of nothing [MQTT-3.10.3-2]');
  serving.client.unsubscribe(packet.unsubscriptions);
  for (const filter of packet.unsubscriptions) serving.granted.delete(filter);
  serving.write({ cmd: 'unsuback', messageId, granted: [] });
}
