import { isObject } from 'azure-iot-certificates/internal';
import type { IncomingMessage } from '../network/incoming-messages';

/** The members of an answer's body that tell of success or failure. */
interface DpsBody {
  status?: string;
  operationId?: string;
  errorCode?: number;
  message?: string;
  trackingId?: string;
  registrationState?: { status?: string; errorCode?: number; errorMessage?: string };
}

/** One answer of DPS to a registration or a status query. */
export interface DpsResponse {
  /** The HTTP-like status in the topic. */
  status: number;
  body: DpsBody;
}

const RESPONSE_TOPIC = /^\$dps\/registrations\/res\/(\d+)\/\?(.*)$/;
/** The lowest status after which the SDK registers or polls again, without limit and without a report to its caller. */
const RETRIED_FROM = 429;
const MAX_RETRY_DELAY_SECONDS = 30;
/** The number of successive busy answers after which the registration ends. They take some minutes. */
const MAX_THROTTLED = 10;
/** The longest `retry-after` that is obeyed, in seconds. A longer one would only keep timers alive. */
const MAX_RETRY_AFTER_SECONDS = 300;

/**
 * Reads the answers of DPS before the SDK does. The SDK would throw in a tick of its own for an answer that is not
 * JSON, decodes text as ASCII, and keeps the code, text and tracking ID of a refusal from its caller.
 */
export class DpsResponses {
  #last: DpsResponse | undefined;
  #throttled = 0;

  /** The last answer. */
  get last(): DpsResponse | undefined {
    return this.#last;
  }

  /** The SDK settles by itself after the last answer. */
  get isFinal(): boolean {
    if (!this.#last || this.#last.status >= RETRIED_FROM) return false;
    return this.#last.status >= 300 || this.#last.body.status !== 'assigning';
  }

  /** The filter for the wire. Throws for answers that DPS never gives, and when DPS has been busy for too long. */
  readonly filter = (topic: string, payload: Buffer): IncomingMessage | undefined => {
    const match = RESPONSE_TOPIC.exec(topic);
    if (!match) return undefined;
    const status = Number(match[1]);
    const body = parseObject(payload);
    if (status >= RETRIED_FROM) {
      this.#last = { status, body: body ?? {} };
      return this.#postponed(status, match[2] ?? '');
    }
    if (!body || (status < 300 && !isProgress(body))) {
      const what = body ? 'no registration status' : 'something that is no JSON object';
      throw new Error(`it answered ${status} with ${what}`);
    }
    this.#last = { status, body };
    this.#throttled = 0;
    return {
      topic: answerTopic(status, match[2] ?? '', (asked) => asked),
      payload: Buffer.from(escapeNonAscii(JSON.stringify(body)), 'ascii'),
    };
  };

  /**
   * Raises `retry-after`, which the SDK obeys: at least the time that the service asked for, growing and with jitter.
   */
  #postponed(status: number, query: string): IncomingMessage {
    this.#throttled += 1;
    if (this.#throttled > MAX_THROTTLED) throw new Error('it kept answering that it is busy');
    const grown = Math.min(2 ** this.#throttled, MAX_RETRY_DELAY_SECONDS) * (0.5 + Math.random() / 2);
    const delayed = answerTopic(status, query, (asked) => Math.max(asked ?? 0, grown));
    return { topic: delayed, payload: Buffer.from('{}') };
  }
}

/** The topic of an answer with its `retry-after` replaced by a number in range. */
function answerTopic(
  status: number,
  query: string,
  retryAfter: (asked: number | undefined) => number | undefined,
): string {
  const parameters = new URLSearchParams(query);
  const text = parameters.get('retry-after');
  const asked =
    text === null || !(Number(text) >= 0) ? undefined : Math.min(Number(text), MAX_RETRY_AFTER_SECONDS);
  const seconds = retryAfter(asked);
  const rid = encodeURIComponent(parameters.get('$rid') ?? '');
  return `$dps/registrations/res/${status}/?$rid=${rid}${seconds === undefined ? '' : `&retry-after=${seconds}`}`;
}

/**
 * The body has a status and, unless that is final, an operation to ask for. Without one the SDK would register for
 * ever.
 */
function isProgress({ status, operationId }: DpsBody): boolean {
  if (typeof status !== 'string') return false;
  return status.toLowerCase() !== 'assigning' || typeof operationId === 'string';
}

function parseObject(payload: Buffer): DpsBody | undefined {
  try {
    const value: unknown = JSON.parse(payload.toString('utf8'));
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function escapeNonAscii(json: string): string {
  return json.replace(
    /[\u0080-\uffff]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
