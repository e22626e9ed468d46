import type { IPublishPacket, Packet } from 'mqtt-packet';
import type { FaultStep } from './types';

/** The kind of service of a connection. Each kind has its own topics. */
export type ServiceKind = 'dps' | 'hub';

/** The step of a packet, and the way to find its answer. */
export interface ClassifiedPacket {
  readonly at: FaultStep;
  /** Finds the answer; absent for packets without one. */
  readonly isAnswer?: (packet: Packet) => boolean;
  /** The topic of an answer of a fault; absent for packets that a fault cannot answer. */
  readonly respond?: ResponseTopic;
}

/** The topic of a response to a request. */
interface ResponseTopic {
  /** The part before the status. */
  readonly prefix: string;
  /** The topic filter of responses. DPS sends none to a device that has not subscribed. */
  readonly filter: string;
  readonly requestId: string;
}

interface TopicRule {
  readonly at: FaultStep;
  readonly kind: ServiceKind;
  readonly topic: RegExp;
  /** The topic prefix of responses, for requests. */
  readonly responses?: string;
}

const DPS_RESPONSES = '$dps/registrations/res/';
const TWIN_RESPONSES = '$iothub/twin/res/';

const FROM_DEVICE: readonly TopicRule[] = [
  {
    at: 'register',
    kind: 'dps',
    topic: /^\$dps\/registrations\/PUT\/iotdps-register\//,
    responses: DPS_RESPONSES,
  },
  {
    at: 'poll',
    kind: 'dps',
    topic: /^\$dps\/registrations\/GET\/iotdps-get-operationstatus\//,
    responses: DPS_RESPONSES,
  },
  { at: 'telemetry', kind: 'hub', topic: /^devices\/[^/]+\/(?:modules\/[^/]+\/)?messages\/events(?:\/|$)/ },
  { at: 'method-response', kind: 'hub', topic: /^\$iothub\/methods\/res\// },
  { at: 'twin-get', kind: 'hub', topic: /^\$iothub\/twin\/GET\//, responses: TWIN_RESPONSES },
  {
    at: 'twin-update',
    kind: 'hub',
    topic: /^\$iothub\/twin\/PATCH\/properties\/reported\//,
    responses: TWIN_RESPONSES,
  },
];

const TO_DEVICE: readonly TopicRule[] = [
  { at: 'method-request', kind: 'hub', topic: /^\$iothub\/methods\/POST\// },
  { at: 'desired-properties', kind: 'hub', topic: /^\$iothub\/twin\/PATCH\/properties\/desired\// },
  { at: 'cloud-to-device', kind: 'hub', topic: /^devices\/[^/]+\/messages\/devicebound\// },
];

function requestIdOf(topic: string): string | undefined {
  return /[?&]\$rid=(?<requestId>[^&]*)/.exec(topic)?.groups?.['requestId'];
}

function classifyRequest({ at, responses }: TopicRule, packet: IPublishPacket): ClassifiedPacket {
  const requestId = requestIdOf(packet.topic);
  if (responses !== undefined && requestId !== undefined) {
    const isAnswer = (answer: Packet): boolean =>
      answer.cmd === 'publish' &&
      answer.topic.startsWith(responses) &&
      requestIdOf(answer.topic) === requestId;
    return { at, isAnswer, respond: { prefix: responses, filter: `${responses}#`, requestId } };
  }
  const { messageId } = packet;
  return packet.qos === 0 ? { at } : { at, isAnswer: isReply('puback', messageId) };
}

function isReply(command: Packet['cmd'], messageId: number | undefined): (packet: Packet) => boolean {
  return (packet) => packet.cmd === command && packet.messageId === messageId;
}

/** The step of a packet of a device; `undefined` for a packet without a step. */
export function classifyIncoming(packet: Packet, kind: ServiceKind): ClassifiedPacket | undefined {
  switch (packet.cmd) {
    case 'connect':
      return { at: 'connect', isAnswer: ({ cmd }) => cmd === 'connack' };
    case 'subscribe':
      return { at: 'subscribe', isAnswer: isReply('suback', packet.messageId) };
    case 'unsubscribe':
      return { at: 'unsubscribe', isAnswer: isReply('unsuback', packet.messageId) };
    case 'pingreq':
      return { at: 'ping', isAnswer: ({ cmd }) => cmd === 'pingresp' };
    case 'puback':
      return { at: 'device-puback' };
    case 'publish': {
      const rule = FROM_DEVICE.find(
        (candidate) => candidate.kind === kind && candidate.topic.test(packet.topic),
      );
      return rule && classifyRequest(rule, packet);
    }
    default:
      return undefined;
  }
}

/** The step of a packet to a device; `undefined` for answers, which belong to the step of their request. */
export function classifyOutgoing(packet: Packet, kind: ServiceKind): ClassifiedPacket | undefined {
  if (packet.cmd === 'puback') return { at: 'puback' };
  if (packet.cmd !== 'publish') return undefined;
  const rule = TO_DEVICE.find((candidate) => candidate.kind === kind && candidate.topic.test(packet.topic));
  return rule && { at: rule.at };
}
