import type { IncomingMessage } from '../network/wire';

/** The body of an answer of DPS, as far as it says anything about success or failure. */
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
/** From here on the SDK registers or polls again, without limit and without telling anyone. */
const RETRIED_FROM = 429;
const MAX_RETRY_DELAY_SECONDS = 30;
/** More answers in a row that the service is busy end the registration; with the growing delays that is minutes. */
const MAX_THROTTLED = 10;
/** No service asks for more; a larger value would only keep timers alive. */
const MAX_RETRY_AFTER_SECONDS = 300;

/**
 * Reads the answers of DPS before the SDK does: what is no JSON must not reach it (it would throw in a tick of its
 * own), text beyond ASCII must be escaped (it decodes as ASCII), and the code, text and tracking ID of a refusal are
 * remembered, because the SDK keeps them from its caller.
 */
export class DpsResponses {
  #last: DpsResponse | undefined;
  #throttled = 0;

  /** The last answer. */
  get last(): DpsResponse | undefined {
    return this.#last;
  }

  /** Whether the last answer is one after which the SDK settles by itself. */
  get isFinal(): boolean {
    if (!this.#last || this.#last.status >= RETRIED_FROM) return false;
    return this.#last.status >= 300 || this.#last.body.status !== 'assigning';
  }

  /** The filter for the wire; throws for what DPS does not answer, and when it has been too busy for too long. */
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

  /** The SDK waits for what `retry-after` says: at least what the service asked for, growing and with jitter. */
  #postponed(status: number, query: string): IncomingMessage {
    this.#throttled += 1;
    if (this.#throttled > MAX_THROTTLED) throw new Error('it kept answering that it is busy');
    const grown = Math.min(2 ** this.#throttled, MAX_RETRY_DELAY_SECONDS) * (0.5 + Math.random() / 2);
    const delayed = answerTopic(status, query, (asked) => Math.max(asked ?? 0, grown));
    return { topic: delayed, payload: Buffer.from('{}') };
  }
}

/** The topic of an answer with its `retry-after` replaced; whatever the service sent, it is a sane number. */
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

/** A status, and what to ask for next unless it is final: without it the SDK would register again and again. */
function isProgress({ status, operationId }: DpsBody): boolean {
  if (typeof status !== 'string') return false;
  return status.toLowerCase() !== 'assigning' || typeof operationId === 'string';
}

function parseObject(payload: Buffer): DpsBody | undefined {
  try {
    const value: unknown = JSON.parse(payload.toString('utf8'));
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : undefined;
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
