import type { IPublishPacket } from 'mqtt-packet';
import { ProtocolViolation } from '../violation';
import { packetIdentifier, type Serving } from './serving';

/** PUBLISH (MQTT 3.1.1, 3.3). */
export function handlePublish({ client, write }: Serving, packet: IPublishPacket): void {
  const { topic, payload, qos, retain } = packet;
  // IoT Hub: a QoS 2 message closes the connection. DPS is not documented to differ.
  if (qos === 2) throw new ProtocolViolation('QoS 2 is not supported');
  if (/[+#\0]/.test(topic))
    throw new ProtocolViolation('wild cards in the topic of a message [MQTT-3.3.2-2]');
  const body = typeof payload === 'string' ? Buffer.from(payload) : payload;
  const proceed = client.publish({ topic, payload: body, qos, retain });
  // DPS: clients wait for the acknowledgement of a request before its answer, so it is sent first.
  if (qos === 1) write({ cmd: 'puback', messageId: packetIdentifier(packet) });
  proceed();
}
