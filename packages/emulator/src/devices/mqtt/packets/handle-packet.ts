import type { Packet } from 'mqtt-packet';
import { ProtocolViolation } from '../violation';
import { handlePublish } from './publish';
import { packetIdentifier, type Serving } from './serving';
import { handleSubscribe, handleUnsubscribe } from './subscribe';

type Command = Packet['cmd'];
type Handler<Name extends Command> = (serving: Serving, packet: Extract<Packet, { cmd: Name }>) => void;

function refuse(reason: string): () => never {
  return () => {
    throw new ProtocolViolation(reason);
  };
}

const HANDLERS: { readonly [Name in Command]: Handler<Name> } = {
  publish: handlePublish,
  subscribe: handleSubscribe,
  unsubscribe: handleUnsubscribe,
  // MQTT 3.1.1, 3.4.
  puback: ({ acknowledgements }, packet) => acknowledgements.received(packetIdentifier(packet)),
  // MQTT 3.1.1, 3.12.
  pingreq: ({ write }) => write({ cmd: 'pingresp' }),
  // MQTT 3.1.1, 3.14: the will is dropped [MQTT-3.14.4-3] and the connection closed.
  disconnect: ({ closeAfterFlush }) => closeAfterFlush('client-disconnected'),
  connect: refuse('a second CONNECT [MQTT-3.1.0-2]'),
  pubrec: refuse('PUBREC, though QoS 2 is not supported'),
  pubrel: refuse('PUBREL, though QoS 2 is not supported'),
  pubcomp: refuse('PUBCOMP, though QoS 2 is not supported'),
  connack: refuse('CONNACK is not for clients to send'),
  suback: refuse('SUBACK is not for clients to send'),
  unsuback: refuse('UNSUBACK is not for clients to send'),
  pingresp: refuse('PINGRESP is not for clients to send'),
  auth: refuse('AUTH is not for clients to send'),
};

/** Handles a packet of a client that has connected. @throws ProtocolViolation */
export function handlePacket(serving: Serving, packet: Packet): void {
  // The table relates each command to its packet, which the compiler cannot see through the union.
  (HANDLERS[packet.cmd] as (serving: Serving, packet: Packet) => void)(serving, packet);
}
