import type { Packet } from 'mqtt-packet';
import { encode } from '../devices/mqtt/codec';
import type { InterceptedConnection } from '../devices/mqtt/packet-interceptor';
import type { AnswerAction, GarbageKind, SwallowAction } from './action-types';
import type { ClassifiedPacket } from './classify';
import { answerBody, NOT_JSON } from './garbage';
import { isServiceAction, type ServiceActions, type Subject } from './service-actions';
import type { FaultInit } from './types';

/** A packet of a type that MQTT 3.1.1 does not have, with a malformed length. */
const NOT_MQTT = Buffer.from('f0ffffffffffffff', 'hex');

/** A packet that a fault has hit. */
export interface PacketHit {
  readonly subject: Subject;
  readonly connection: InterceptedConnection;
  readonly packet: Packet;
  readonly about: ClassifiedPacket;
  /** Handles or sends the packet as if there were no fault. */
  readonly proceed: () => void;
}

type Action = FaultInit['action'];

function isAfter(action: Action): boolean {
  return 'when' in action && action.when === 'after';
}

/** Runs `run` when the present packet has been handled, before the next one of the device. */
function soon(connection: InterceptedConnection, run: () => void): void {
  const release = connection.channel.hold();
  setImmediate(() => {
    connection.guard(run);
    release();
  });
}

/** Performs the actions of faults at MQTT packets. */
export class PacketFaults {
  readonly #services: ServiceActions;

  constructor(services: ServiceActions) {
    this.#services = services;
  }

  /** Performs the action at a packet of a device. */
  incoming(hit: PacketHit): void {
    const { subject, connection, about, proceed } = hit;
    const { action } = subject.fault.init;
    if (!isAfter(action) && action.kind !== 'garbage') {
      this.#insteadOf(hit, action);
      return;
    }
    if (about.isAnswer === undefined) {
      proceed();
      soon(connection, () => this.#afterwards(hit, action));
      return;
    }
    connection.expected.add({
      matches: about.isAnswer,
      handle: (answer) => this.#insteadOfSending(hit, answer, action),
    });
    proceed();
  }

  /** Performs the action at a packet that the service sends without a request. */
  outgoing(hit: PacketHit): void {
    const { subject, connection, packet, proceed } = hit;
    const { action } = subject.fault.init;
    if (isAfter(action)) {
      proceed();
      soon(connection, () => this.#afterwards(hit, action));
    } else {
      this.#insteadOfSending(hit, packet, action);
    }
  }

  /** Performs the action in place of handling the packet. */
  #insteadOf(hit: PacketHit, action: Action): void {
    const { subject, connection, about, proceed } = hit;
    switch (action.kind) {
      case 'close':
        connection.break('end');
        return;
      case 'reset':
        connection.break('reset');
        return;
      case 'delay':
        this.#delay(hit, (done) =>
          connection.channel.later(action.ms, () => {
            done();
            proceed();
          }),
        );
        return;
      case 'throttle':
        this.#throttle(hit, action.bytesPerSecond);
        proceed();
        return;
      case 'swallow':
        this.#swallow(hit, action.direction);
        if (action.direction === 'to-device') proceed();
        return;
      case 'ignore':
        // Without CONNACK, the service answers no later packet.
        if (about.at === 'connect') this.#swallow(hit);
        else this.#acknowledge(hit);
        return;
      case 'answer':
        this.#acknowledge(hit);
        this.#respond(hit, action);
        return;
      case 'refuse':
        this.#refuse(hit, 'returnCode' in action ? action.returnCode : undefined);
        return;
      default:
        if (isServiceAction(action)) this.#services.run(action, subject);
        proceed();
    }
  }

  /** Performs the action in place of sending the packet. */
  #insteadOfSending(hit: PacketHit, packet: Packet, action: Action): void {
    const { subject, connection } = hit;
    switch (action.kind) {
      case 'close':
      case 'reset':
        connection.channel.discardOutgoing();
        soon(connection, () => this.#afterwards(hit, action));
        return;
      case 'delay':
        this.#delay(hit, (done) => connection.putLater(packet, action.ms, done));
        return;
      case 'throttle':
        this.#throttle(hit, action.bytesPerSecond);
        connection.put(packet);
        return;
      case 'swallow':
        this.#swallow(hit, action.direction);
        connection.put(packet);
        return;
      case 'ignore':
        if (packet.cmd === 'connack') this.#swallow(hit);
        return;
      case 'garbage':
        this.#sendGarbage(connection, packet, action.what);
        return;
      case 'duplicate':
        connection.put(packet);
        if (packet.cmd === 'publish') connection.put({ ...packet, dup: true });
        return;
      default:
        if (isServiceAction(action) && !isAfter(action)) this.#services.run(action, subject);
        connection.put(packet);
        if (isAfter(action)) soon(connection, () => this.#afterwards(hit, action));
    }
  }

  /** Performs the action after the packet was handled or sent. */
  #afterwards(hit: PacketHit, action: Action): void {
    const { subject, connection } = hit;
    if (action.kind === 'close') connection.break('end');
    else if (action.kind === 'reset') connection.break('reset');
    else if (action.kind === 'throttle') this.#throttle(hit, action.bytesPerSecond);
    else if (action.kind === 'swallow') this.#swallow(hit, action.direction);
    else if (isServiceAction(action)) this.#services.run(action, subject);
  }

  /** @param begin - begins the delay and returns the function that ends it; calls `done` when it is over */
  #delay({ subject, connection }: PacketHit, begin: (done: () => void) => () => void): void {
    const { tcp } = connection.channel;
    tcp.liftDeadlines();
    let done = (): void => undefined;
    const end = begin(() => done());
    done = subject.fault.holdOn(tcp, end);
  }

  #throttle({ subject, connection }: PacketHit, bytesPerSecond: number): void {
    const { channel } = connection;
    if (channel.bytesPerSecond === bytesPerSecond) return;
    channel.throttle(bytesPerSecond);
    subject.fault.holdOn(channel.tcp, () => channel.throttle(undefined));
  }

  #swallow({ subject, connection }: PacketHit, direction: SwallowAction['direction'] = 'both'): void {
    const { channel } = connection;
    const isKnown = channel.discardsIncoming || channel.discardsOutgoing;
    if (direction !== 'to-device') channel.discardIncoming();
    if (direction !== 'from-device') channel.discardOutgoing();
    channel.tcp.liftDeadlines();
    if (!isKnown) subject.fault.holdOn(channel.tcp, () => connection.break('reset'));
  }

  /** Sends the PUBACK of a request, which the services send before they answer. */
  #acknowledge({ connection, packet, about }: PacketHit): void {
    if (packet.cmd !== 'publish' || packet.qos === 0 || about.respond === undefined) return;
    connection.write({ cmd: 'puback', messageId: packet.messageId ?? 0 });
  }

  #respond({ connection, subject, about }: PacketHit, action: AnswerAction): void {
    if (about.respond === undefined) return;
    const { prefix, filter, requestId } = about.respond;
    const granted = connection.granted.get(filter);
    // DPS keeps no subscriptions of earlier connections. A hub answers at QoS 0 for every granted QoS.
    if (subject.service?.kind === 'dps' && granted === undefined) return;
    const { status, retryAfterSeconds } = action;
    const retryAfter = retryAfterSeconds === undefined ? '' : `&retry-after=${retryAfterSeconds}`;
    connection.send({
      topic: `${prefix}${status}/?$rid=${requestId}${retryAfter}`,
      payload: answerBody(action),
      qos: subject.service?.kind === 'dps' ? (granted ?? 0) : 0,
    });
  }

  #refuse({ connection, packet }: PacketHit, returnCode: number | undefined): void {
    if (packet.cmd === 'connect') {
      connection.write({ cmd: 'connack', returnCode: returnCode ?? 5, sessionPresent: false });
      connection.closeAfterFlush('refused');
    } else if (packet.cmd === 'subscribe') {
      const messageId = packet.messageId ?? 0;
      connection.write({ cmd: 'suback', messageId, granted: packet.subscriptions.map(() => 0x80) });
    }
  }

  #sendGarbage(connection: InterceptedConnection, packet: Packet, what: GarbageKind): void {
    if (what === 'not-mqtt') {
      connection.channel.write(NOT_MQTT);
    } else if (what === 'not-json' && packet.cmd === 'publish') {
      connection.put({ ...packet, payload: NOT_JSON });
    } else {
      const bytes = encode(packet);
      connection.channel.write(bytes.subarray(0, Math.ceil(bytes.length / 2)));
      connection.channel.discardOutgoing();
      soon(connection, () => connection.break('end'));
    }
  }
}
