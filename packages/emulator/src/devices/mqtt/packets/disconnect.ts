import type { MqttSession } from '../client-connection';

/** DISCONNECT (MQTT 3.1.1, 3.14): the will is dropped [MQTT-3.14.4-3] and the connection closed. */
export function handleDisconnect(session: MqttSession): void {
  session.closeAfterFlush('client-disconnected');
}
