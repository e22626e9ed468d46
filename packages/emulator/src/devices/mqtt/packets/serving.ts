import type { Packet } from 'mqtt-packet';
import type { Acknowledgements } from '../acknowledgements';
import type { DisconnectReason, GrantedQoS, MqttClient } from '../client';
import { ProtocolViolation } from '../violation';

/** The parts of a connection for the handlers of packets. */
export interface Serving {
  readonly client: MqttClient;
  /** The acknowledgements of the messages to the client. */
  readonly acknowledgements: Acknowledgements;
  /** The QoS granted for each topic filter on this connection. */
  readonly granted: Map<string, GrantedQoS>;
  readonly write: (packet: Packet) => void;
  readonly closeAfterFlush: (reason: DisconnectReason) => void;
}

/** The packet identifier, which must not be 0 [MQTT-2.3.1-1]. */
export function packetIdentifier({ cmd, messageId = 0 }: Packet): number {
  // The codec writes -1 where the packet ends before its identifier.
  if (messageId < 1) throw new ProtocolViolation(`${cmd} without packet identifier [MQTT-2.3.1-1]`);
  return messageId;
}
