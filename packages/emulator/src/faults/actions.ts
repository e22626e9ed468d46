import * as v from 'valibot';
import { must } from '../schemas/problems';
import { text, wholeNumber } from '../schemas/values';
import type { FaultActions, FaultStep } from './types';

/** The members of an action besides `kind`. */
export type Members = Readonly<Record<string, v.GenericSchema>>;

/** The longest timer of Node.js. */
const MAX_TIMER_MS = 0x7fffffff;

function choice(...values: readonly string[]): v.GenericSchema {
  return v.picklist(values, must(`must be one of ${values.join(', ')}`));
}

function isJson(value: unknown): boolean {
  try {
    // Functions and undefined have no JSON, which the types leave out.
    return (JSON.stringify(value) as string | undefined) !== undefined;
  } catch {
    return false;
  }
}

const NONE: Members = {};
const AT_ONCE: Members = { when: v.optional(choice('before')) };
const AT_ANY_MOMENT: Members = { when: v.optional(choice('before', 'after')) };
const MS = { ms: wholeNumber(1, MAX_TIMER_MS) };
const RATE = { bytesPerSecond: wholeNumber(1, Number.MAX_SAFE_INTEGER) };
const RESTART = { service: v.optional(text), downMs: wholeNumber(0, MAX_TIMER_MS) };
const ANSWER: Members = {
  status: wholeNumber(200, 599),
  code: v.optional(wholeNumber(100_000, 999_999)),
  message: v.optional(text),
  retryAfterSeconds: v.optional(wholeNumber(0, Number.MAX_SAFE_INTEGER)),
  body: v.optional(v.custom(isJson, must('must be a JSON value'))),
};
const CERTIFICATE: Members = { certificate: choice('untrusted', 'expired', 'not-yet-valid', 'wrong-host') };
const PACKET_GARBAGE: Members = { what: choice('not-mqtt', 'truncated') };
const JSON_GARBAGE: Members = { what: choice('not-mqtt', 'not-json', 'truncated') };
const HTTP_GARBAGE: Members = { what: choice('not-http', 'not-json', 'truncated') };

const SERVICE = {
  disconnect: AT_ANY_MOMENT,
  disable: AT_ANY_MOMENT,
  delete: AT_ANY_MOMENT,
  move: { ...AT_ANY_MOMENT, to: text },
  restart: { ...AT_ANY_MOMENT, ...RESTART },
};
const CONNECTION = {
  close: AT_ANY_MOMENT,
  reset: AT_ANY_MOMENT,
  throttle: { ...AT_ANY_MOMENT, ...RATE },
  swallow: { ...AT_ANY_MOMENT, direction: v.optional(choice('both', 'from-device', 'to-device')) },
  ...SERVICE,
};
const ANSWERED = { ...CONNECTION, delay: { ...AT_ANY_MOMENT, ...MS }, ignore: AT_ANY_MOMENT };
const UNANSWERED = { ...CONNECTION, delay: { ...AT_ONCE, ...MS }, ignore: AT_ONCE };
const REQUEST = { ...ANSWERED, answer: ANSWER, garbage: JSON_GARBAGE };

/** The actions of each step with their members, for callers in JavaScript. They are the same as in the types. */
export const ACTIONS: {
  readonly [Step in FaultStep]: Readonly<Record<FaultActions[Step]['kind'], Members>>;
} = {
  tcp: {
    close: AT_ONCE,
    reset: AT_ONCE,
    stall: NONE,
    delay: { ...AT_ONCE, ...MS },
    throttle: { ...AT_ONCE, ...RATE },
    restart: { ...AT_ONCE, ...RESTART },
  },
  tls: {
    close: AT_ANY_MOMENT,
    reset: AT_ANY_MOMENT,
    stall: NONE,
    delay: { ...AT_ONCE, ...MS },
    certificate: CERTIFICATE,
  },
  connect: { ...ANSWERED, refuse: { returnCode: wholeNumber(1, 5) }, garbage: PACKET_GARBAGE },
  subscribe: { ...ANSWERED, refuse: NONE, garbage: PACKET_GARBAGE },
  unsubscribe: { ...ANSWERED, garbage: PACKET_GARBAGE },
  register: REQUEST,
  poll: REQUEST,
  telemetry: { ...ANSWERED, garbage: PACKET_GARBAGE },
  'twin-get': REQUEST,
  'twin-update': REQUEST,
  'method-request': { ...UNANSWERED, garbage: JSON_GARBAGE },
  'method-response': UNANSWERED,
  'desired-properties': { ...UNANSWERED, garbage: JSON_GARBAGE },
  'cloud-to-device': { ...UNANSWERED, duplicate: NONE, garbage: PACKET_GARBAGE },
  puback: { ...UNANSWERED, garbage: PACKET_GARBAGE },
  'device-puback': UNANSWERED,
  ping: { ...ANSWERED, garbage: PACKET_GARBAGE },
  http: {
    close: AT_ANY_MOMENT,
    reset: AT_ANY_MOMENT,
    delay: { ...AT_ANY_MOMENT, ...MS },
    ignore: AT_ANY_MOMENT,
    answer: ANSWER,
    garbage: HTTP_GARBAGE,
    ...SERVICE,
  },
};
