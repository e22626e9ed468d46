import type { IPubackPacket } from 'mqtt-packet';
import type { MqttSession } from '../client-connection';
import { packetIdentifier } from './packet-identifier';

/** PUBACK (MQTT 3.1.1, 3.4). */
export function handlePuback(session: MqttSession, packet: IPubackPacket): void {
  session.acknowledgements.received(packetIdentifier(packet));
}
