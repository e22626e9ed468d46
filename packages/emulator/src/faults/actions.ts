import type { FaultActions, FaultStep } from './types';

/** What must hold of one member of an action. */
interface FieldRule {
  readonly isRequired: boolean;
  readonly holds: (value: unknown) => boolean;
  /** What must hold, to follow the name of the member. */
  readonly message: string;
}

/** The members of an action besides `kind`. */
export type Fields = Readonly<Record<string, FieldRule>>;

/** The longest that a timer can run (Node.js). */
const MAX_TIMER_MS = 0x7fffffff;

function integer(minimum: number, maximum: number, isRequired: boolean): FieldRule {
  const holds = (value: unknown): boolean =>
    Number.isSafeInteger(value) && Number(value) >= minimum && Number(value) <= maximum;
  return { isRequired, holds, message: `must be a whole number from ${minimum} to ${maximum}.` };
}

function oneOf(values: readonly string[], isRequired: boolean): FieldRule {
  const holds = (value: unknown): boolean => typeof value === 'string' && values.includes(value);
  return { isRequired, holds, message: `must be one of ${values.join(', ')}.` };
}

function isText(value: unknown): boolean {
  return typeof value === 'string';
}

function isJson(value: unknown): boolean {
  try {
    // The types leave out what becomes of a function, or of nothing.
    return (JSON.stringify(value) as string | undefined) !== undefined;
  } catch {
    return false;
  }
}

const NONE: Fields = {};
const AT_ONCE: Fields = { when: oneOf(['before'], false) };
const AT_ANY_MOMENT: Fields = { when: oneOf(['before', 'after'], false) };
const MS = { ms: integer(1, MAX_TIMER_MS, true) };
const RATE = { bytesPerSecond: integer(1, Number.MAX_SAFE_INTEGER, true) };
const RESTART = {
  service: { isRequired: false, holds: isText, message: 'must be the name of a service.' },
  downMs: integer(0, MAX_TIMER_MS, true),
};
const ANSWER: Fields = {
  status: integer(200, 599, true),
  code: integer(100_000, 999_999, false),
  message: { isRequired: false, holds: isText, message: 'must be a text.' },
  retryAfterSeconds: integer(0, Number.MAX_SAFE_INTEGER, false),
  body: { isRequired: false, holds: isJson, message: 'must be a JSON value.' },
};
const CERTIFICATE: Fields = {
  certificate: oneOf(['untrusted', 'expired', 'not-yet-valid', 'wrong-host'], true),
};
const BARE_GARBAGE: Fields = { what: oneOf(['not-mqtt', 'truncated'], true) };
const ANY_GARBAGE: Fields = { what: oneOf(['not-mqtt', 'not-json', 'truncated'], true) };
const HTTP_GARBAGE: Fields = { what: oneOf(['not-http', 'not-json', 'truncated'], true) };

const SERVICE = {
  disconnect: AT_ANY_MOMENT,
  disable: AT_ANY_MOMENT,
  delete: AT_ANY_MOMENT,
  move: {
    ...AT_ANY_MOMENT,
    to: { isRequired: true, holds: isText, message: 'must be the name of a hub that is linked to DPS.' },
  },
  restart: { ...AT_ANY_MOMENT, ...RESTART },
};
const CONNECTION = {
  close: AT_ANY_MOMENT,
  reset: AT_ANY_MOMENT,
  throttle: { ...AT_ANY_MOMENT, ...RATE },
  swallow: { ...AT_ANY_MOMENT, direction: oneOf(['both', 'from-device', 'to-device'], false) },
  ...SERVICE,
};
const ANSWERED = { ...CONNECTION, delay: { ...AT_ANY_MOMENT, ...MS }, ignore: AT_ANY_MOMENT };
const UNANSWERED = { ...CONNECTION, delay: { ...AT_ONCE, ...MS }, ignore: AT_ONCE };
const REQUEST = { ...ANSWERED, answer: ANSWER, garbage: ANY_GARBAGE };

/** The actions of each step, with their members: what the types say, for callers whom types do not reach. */
export const ACTIONS: {
  readonly [Step in FaultStep]: Readonly<Record<FaultActions[Step]['kind'], Fields>>;
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
  connect: { ...ANSWERED, refuse: { returnCode: integer(1, 5, true) }, garbage: BARE_GARBAGE },
  subscribe: { ...ANSWERED, refuse: NONE, garbage: BARE_GARBAGE },
  unsubscribe: { ...ANSWERED, garbage: BARE_GARBAGE },
  register: REQUEST,
  poll: REQUEST,
  telemetry: { ...ANSWERED, garbage: BARE_GARBAGE },
  'twin-get': REQUEST,
  'twin-update': REQUEST,
  'method-request': { ...UNANSWERED, garbage: ANY_GARBAGE },
  'method-response': UNANSWERED,
  'desired-properties': { ...UNANSWERED, garbage: ANY_GARBAGE },
  'cloud-to-device': { ...UNANSWERED, duplicate: NONE, garbage: BARE_GARBAGE },
  puback: { ...UNANSWERED, garbage: BARE_GARBAGE },
  'device-puback': UNANSWERED,
  ping: { ...ANSWERED, garbage: BARE_GARBAGE },
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
