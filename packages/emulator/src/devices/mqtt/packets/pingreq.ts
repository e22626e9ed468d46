import type { MqttSession } from '../client-connection';

/** PINGREQ (MQTT 3.1.1, 3.12). */
export function handlePingreq(session: MqttSession): void {
  session.write({ cmd: 'pingresp' });
}
