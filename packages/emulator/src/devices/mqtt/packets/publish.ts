import type { IPublishPacket } from 'mqtt-packet';
import type { MqttClient } from '../service';
import type { MqttSession } from '../client-connection';
import { ProtocolViolation } from '../violation';
import { packetIdentifier } from './packet-identifier';

/** PUBLISH (MQTT 3.1.1, 3.3). */
export function handlePublish(session: MqttSession, client: MqttClient, packet: IPublishPacket): void {
  const { topic, payload, qos, retain } = packet;
  // IoT Hub: a QoS 2 message closes the connection. DPS is not documented to differ.
  if (qos === 2) throw new ProtocolViolation('QoS 2 is not supported');
  if (/[+#\0]/.test(topic))
    throw new ProtocolViolation('wild cards in the topic of a message [MQTT-3.3.2-2]');
  const body = typeof payload === 'string' ? Buffer.from(payload) : payload;
  const proceed = client.publish({ topic, payload: body, qos, retain });
  // DPS: clients take the acknowledgement of a request as a sign that its answer may follow, so it goes first.
  if (qos === 1) session.write({ cmd: 'puback', messageId: packetIdentifier(packet) });
  proceed();
}
