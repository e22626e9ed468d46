import { request as requestHttp, type IncomingMessage } from 'node:http';
import { request as requestHttps } from 'node:https';

/** The limits of a webhook. */
export interface WebhookLimits {
  /** The time from the request to the end of the answer, in milliseconds. */
  readonly timeoutMs: number;
  /** The largest answer. */
  readonly maxResponseBytes: number;
}

/** The default limits, which the emulator chooses. DPS documents neither. */
export const DEFAULT_WEBHOOK_LIMITS: WebhookLimits = { timeoutMs: 30_000, maxResponseBytes: 256 * 1024 };

/** A webhook's answer. */
export interface WebhookAnswer {
  readonly status: number;
  readonly text: string;
}

/** A webhook could not be called, or its answer could not be read. */
export class WebhookError extends Error {
  /** The HTTP status that a gateway would answer in its place. */
  readonly status: 502 | 504;

  constructor(status: 502 | 504, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'WebhookError';
    this.status = status;
  }
}

async function readText(response: IncomingMessage, maxBytes: number): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of response) {
    // Nothing sets an encoding, so that the stream yields nothing but buffers.
    const bytes = chunk as Buffer;
    size += bytes.length;
    if (size > maxBytes) throw new WebhookError(502, `The response is larger than ${maxBytes} bytes.`);
    chunks.push(bytes);
  }
  return Buffer.concat(chunks).toString();
}

function send(url: URL, body: Buffer, signal: AbortSignal): Promise<IncomingMessage> {
  const send = url.protocol === 'https:' ? requestHttps : requestHttp;
  return new Promise((resolve, reject) => {
    send(url, {
      method: 'POST',
      signal,
      // Each request has a connection of its own, so that no idle connection remains.
      agent: false,
      headers: { 'content-type': 'application/json; charset=utf-8', 'content-length': body.length },
    })
      .on('response', resolve)
      .on('error', reject)
      .end(body);
  });
}

/**
 * Posts JSON to a webhook. Redirects are answers like any other. The connection is closed in any case.
 *
 * @throws WebhookError when it cannot be reached, or its answer is late, cut off or too large.
 */
export async function callWebhook(
  webhookUrl: string,
  body: string,
  signal: AbortSignal,
  { timeoutMs, maxResponseBytes }: WebhookLimits = DEFAULT_WEBHOOK_LIMITS,
): Promise<WebhookAnswer> {
  const ending = new AbortController();
  const end = (): void => ending.abort();
  const timeout = new WebhookError(504, `There was no response within ${timeoutMs} ms.`);
  const timer = setTimeout(() => ending.abort(timeout), timeoutMs);
  signal.addEventListener('abort', end, { once: true });
  try {
    signal.throwIfAborted();
    const response = await send(new URL(webhookUrl), Buffer.from(body), ending.signal);
    return { status: response.statusCode ?? 0, text: await readText(response, maxResponseBytes) };
  } catch (error) {
    if (ending.signal.reason === timeout) throw timeout;
    if (error instanceof WebhookError) throw error;
    throw new WebhookError(502, 'The webhook could not be reached, or broke off.', { cause: error });
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', end);
    // Ends a request that is still under way.
    ending.abort();
  }
}
