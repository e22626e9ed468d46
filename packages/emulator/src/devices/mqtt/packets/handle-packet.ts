import type { Packet } from 'mqtt-packet';
import type { MqttClient } from '../service';
import type { MqttSession } from '../client-connection';
import { ProtocolViolation } from '../violation';
import { handleDisconnect } from './disconnect';
import { handlePingreq } from './pingreq';
import { handlePuback } from './puback';
import { handlePublish } from './publish';
import { handleSubscribe } from './subscribe';
import { handleUnsubscribe } from './unsubscribe';

/** Deals with a packet of a client that has connected. */
export function handlePacket(session: MqttSession, client: MqttClient, packet: Packet): void {
  switch (packet.cmd) {
    case 'publish': {
      handlePublish(session, client, packet);
      return;
    }
    case 'puback': {
      handlePuback(session, packet);
      return;
    }
    case 'subscribe': {
      handleSubscribe(session, client, packet);
      return;
    }
    case 'unsubscribe': {
      handleUnsubscribe(session, client, packet);
      return;
    }
    case 'pingreq': {
      handlePingreq(session);
      return;
    }
    case 'disconnect': {
      handleDisconnect(session);
      return;
    }
    case 'connect':
      throw new ProtocolViolation('a second CONNECT [MQTT-3.1.0-2]');
    case 'pubrec':
    case 'pubrel':
    case 'pubcomp':
      throw new ProtocolViolation(`${packet.cmd}, though QoS 2 is not supported`);
    case 'connack':
    case 'suback':
    case 'unsuback':
    case 'pingresp':
    case 'auth':
      throw new ProtocolViolation(`${packet.cmd} is not for clients to send`);
  }
}
