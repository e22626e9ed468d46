import type { Packet } from 'mqtt-packet';
import { encode } from '../devices/mqtt/codec';
import type { MqttSession } from '../devices/mqtt/client-connection';
import type { AnswerAction, GarbageKind, SwallowAction } from './action-types';
import type { ClassifiedPacket } from './classify';
import { holdOn } from './hold-on';
import { answerBody } from './response';
import { isServiceAction, type ServiceActions, type Subject } from './service-actions';
import type { FaultInit } from './types';

/** A type of packet that MQTT 3.1.1 does not have, with a length that has no end. */
const NOT_MQTT = Buffer.from('f0ffffffffffffff', 'hex');
const NOT_JSON = '<html><body>502 Bad Gateway</body></html>';

/** One stroke at a packet. */
export interface PacketStrike {
  readonly subject: Subject;
  readonly session: MqttSession;
  readonly packet: Packet;
  readonly about: ClassifiedPacket;
  /** Deals with the packet as if there were no fault. */
  readonly proceed: () => void;
}

type Action = FaultInit['action'];

function isAfter(action: Action): boolean {
  return 'when' in action && action.when === 'after';
}

/** Runs something when the packet that is being handled has been dealt with, before the next one of the device is. */
function soon(session: MqttSession, run: () => void): void {
  const release = session.channel.hold();
  setImmediate(() => {
    session.guard(run);
    release();
  });
}

/** Strikes at the packets of MQTT connections. */
export class PacketStrikes {
  readonly #services: ServiceActions;

  constructor(services: ServiceActions) {
    this.#services = services;
  }

  /** At a packet of a device. */
  incoming(strike: PacketStrike): void {
    const { subject, session, about, proceed } = strike;
    const { action } = subject.fault.init;
    if (!isAfter(action) && action.kind !== 'garbage') {
      this.#insteadOf(strike, action);
      return;
    }
    if (about.isAnswer === undefined) {
      proceed();
      soon(session, () => this.#afterwards(strike, action));
      return;
    }
    session.expected.add({
      matches: about.isAnswer,
      handle: (answer) => this.#insteadOfSending(strike, answer, action),
    });
    proceed();
  }

  /** At a packet that the service sends by itself. */
  outgoing(strike: PacketStrike): void {
    const { subject, session, packet, proceed } = strike;
    const { action } = subject.fault.init;
    if (isAfter(action)) {
      proceed();
      soon(session, () => this.#afterwards(strike, action));
    } else {
      this.#insteadOfSending(strike, packet, action);
    }
  }

  /** Before the service sees the packet. */
  #insteadOf(strike: PacketStrike, action: Action): void {
    const { subject, session, about, proceed } = strike;
    switch (action.kind) {
      case 'close':
        session.break('end');
        return;
      case 'reset':
        session.break('reset');
        return;
      case 'delay':
        this.#delay(strike, (done) =>
          session.channel.later(action.ms, () => {
            done();
            proceed();
          }),
        );
        return;
      case 'throttle':
        this.#throttle(strike, action.bytesPerSecond);
        proceed();
        return;
      case 'swallow':
        this.#swallow(strike, action.direction);
        if (action.direction === 'to-device') proceed();
        return;
      case 'ignore':
        // Without CONNACK, nothing that follows can have an answer, either.
        if (about.at === 'connect') this.#swallow(strike);
        else this.#acknowledge(strike);
        return;
      case 'answer':
        this.#acknowledge(strike);
        this.#respond(strike, action);
        return;
      case 'refuse':
        this.#refuse(strike, 'returnCode' in action ? action.returnCode : undefined);
        return;
      default:
        if (isServiceAction(action)) this.#services.run(action, subject);
        proceed();
    }
  }

  /** Instead of sending the packet, be it an answer or not. */
  #insteadOfSending(strike: PacketStrike, packet: Packet, action: Action): void {
    const { subject, session } = strike;
    switch (action.kind) {
      case 'close':
      case 'reset':
        session.channel.silence();
        soon(session, () => this.#afterwards(strike, action));
        return;
      case 'delay':
        this.#delay(strike, (done) => session.putLater(packet, action.ms, done));
        return;
      case 'throttle':
        this.#throttle(strike, action.bytesPerSecond);
        session.put(packet);
        return;
      case 'swallow':
        this.#swallow(strike, action.direction);
        session.put(packet);
        return;
      case 'ignore':
        if (packet.cmd === 'connack') this.#swallow(strike);
        return;
      case 'garbage':
        this.#sendGarbage(session, packet, action.what);
        return;
      case 'duplicate':
        session.put(packet);
        if (packet.cmd === 'publish') session.put({ ...packet, dup: true });
        return;
      default:
        if (isServiceAction(action) && !isAfter(action)) this.#services.run(action, subject);
        session.put(packet);
        if (isAfter(action)) soon(session, () => this.#afterwards(strike, action));
    }
  }

  /** When the service has dealt with the packet, and nothing of it is left to strike at. */
  #afterwards(strike: PacketStrike, action: Action): void {
    const { subject, session } = strike;
    if (action.kind === 'close') session.break('end');
    else if (action.kind === 'reset') session.break('reset');
    else if (action.kind === 'throttle') this.#throttle(strike, action.bytesPerSecond);
    else if (action.kind === 'swallow') this.#swallow(strike, action.direction);
    else if (isServiceAction(action)) this.#services.run(action, subject);
  }

  /** @param begin - begins the delay and answers with what ends it; calls `done` when it is over */
  #delay({ subject, session }: PacketStrike, begin: (done: () => void) => () => void): void {
    const { link } = session.channel;
    // The device waits for longer than it would be waited for.
    link.exempt();
    let done = (): void => undefined;
    const end = begin(() => done());
    done = holdOn(link, subject.fault, end);
  }

  #throttle({ subject, session }: PacketStrike, bytesPerSecond: number): void {
    const { channel } = session;
    if (channel.bytesPerSecond === bytesPerSecond) return;
    channel.throttle(bytesPerSecond);
    holdOn(channel.link, subject.fault, () => channel.throttle(undefined));
  }

  #swallow({ subject, session }: PacketStrike, direction: SwallowAction['direction'] = 'both'): void {
    const { channel } = session;
    const isKnown = channel.isDeaf || channel.isSilent;
    if (direction !== 'to-device') channel.deafen();
    if (direction !== 'from-device') channel.silence();
    channel.link.exempt();
    if (!isKnown) holdOn(channel.link, subject.fault, () => session.break('reset'));
  }

  /** PUBACK, which a request gets whatever becomes of it. */
  #acknowledge({ session, packet, about }: PacketStrike): void {
    if (packet.cmd !== 'publish' || packet.qos === 0 || about.respond === undefined) return;
    session.write({ cmd: 'puback', messageId: packet.messageId ?? 0 });
  }

  #respond({ session, subject, about }: PacketStrike, action: AnswerAction): void {
    if (about.respond === undefined) return;
    const { prefix, filter, requestId } = about.respond;
    const granted = session.granted.get(filter);
    // DPS keeps no subscriptions of earlier connections, while a hub answers at QoS 0 whatever was granted.
    if (subject.service?.kind === 'dps' && granted === undefined) return;
    const { status, retryAfterSeconds } = action;
    const retryAfter = retryAfterSeconds === undefined ? '' : `&retry-after=${retryAfterSeconds}`;
    session.send({
      topic: `${prefix}${status}/?$rid=${requestId}${retryAfter}`,
      payload: answerBody(action),
      qos: subject.service?.kind === 'dps' ? (granted ?? 0) : 0,
    });
  }

  #refuse({ session, packet }: PacketStrike, returnCode: number | undefined): void {
    if (packet.cmd === 'connect') {
      session.write({ cmd: 'connack', returnCode: returnCode ?? 5, sessionPresent: false });
      session.closeAfterFlush('refused');
    } else if (packet.cmd === 'subscribe') {
      const messageId = packet.messageId ?? 0;
      session.write({ cmd: 'suback', messageId, granted: packet.subscriptions.map(() => 0x80) });
    }
  }

  #sendGarbage(session: MqttSession, packet: Packet, what: GarbageKind): void {
    if (what === 'not-mqtt') {
      session.channel.write(NOT_MQTT);
    } else if (what === 'not-json' && packet.cmd === 'publish') {
      session.put({ ...packet, payload: NOT_JSON });
    } else {
      const bytes = encode(packet);
      session.channel.write(bytes.subarray(0, Math.ceil(bytes.length / 2)));
      session.channel.silence();
      soon(session, () => session.break('end'));
    }
  }
}
