import { DeviceError } from 'azure-iot-certificates';
import type { ConnectionState } from '../../connection/state';
import type { Registration } from '../../options/registration';
import { jsonOf } from '../failure';
import { inFlagTerms, textInFlagTerms } from '../flag-terms';
import type { Io } from '../io';
import type { Output } from '../output/output';
import { printable } from '../output/printable';
import type { Style } from '../output/style';
import { clock, duration } from '../output/text';

/** As much of a message as a line for people shows. */
const MAX_SHOWN = 500;

/** What is told of one event. */
interface Event {
  /** The name of the event for programs, which never changes. */
  readonly event: string;
  /** What programs get besides the name and the time. */
  readonly json: object;
  /** What people get. */
  readonly text: string;
  readonly color?: keyof Style;
}

/** Bytes as text, or in Base64 where they are none. */
interface EncodedBody {
  readonly body: string;
  readonly bodyEncoding: 'utf-8' | 'base64';
}

/** Tells what happens on a connection, an event a line. */
export class Events {
  readonly #output: Output;
  readonly #io: Pick<Io, 'now'>;

  constructor(output: Output, io: Pick<Io, 'now'>) {
    this.#output = output;
    this.#io = io;
  }

  state(state: ConnectionState, registration: Registration): void {
    const { status, since, ...more } = state;
    const { error, advice, warning, nextAttemptAt, ...others } = { ...NOTHING, ...more };
    const place = status === 'connected' ? where(registration) : undefined;
    this.#tell({
      event: 'state',
      json: {
        ...{ status, since, ...others, nextAttemptAt, ...place },
        ...(error && { error: errorJson(error) }),
        ...(warning && { warning: errorJson(warning) }),
        ...(advice !== undefined && { advice: textInFlagTerms(advice) }),
      },
      text: stateText(state, registration, this.#io.now()),
      color: COLORS[status],
    });
    if (warning) this.warning(warning);
  }

  reprovisioned(previous: Registration, current: Registration): void {
    this.#tell({
      event: 'reprovisioned',
      json: { ...where(current), previous: where(previous) },
      text: `registered again: ${current.deviceId} at ${current.assignedHub}`,
    });
  }

  expiring(notAfter: Date): void {
    this.#tell({
      event: 'credentials-expiring',
      json: { notAfter },
      text: `the certificate expires on ${notAfter.toISOString()}: renew it`,
      color: 'yellow',
    });
  }

  /** Something does not work although the connection does. */
  warning(error: unknown): void {
    const { message } = told(error);
    this.#tell({
      event: 'warning',
      json: { error: errorJson(error) },
      text: `warning: ${message}`,
      color: 'yellow',
    });
  }

  /** The hub has acknowledged a message. */
  sent(body: string): void {
    this.#tell({ event: 'telemetry', json: { body }, text: `sent ${short(body)}` });
  }

  /** A message will never arrive. */
  undelivered(body: string, error: unknown): void {
    this.#tell({
      event: 'undelivered',
      json: { body, error: errorJson(error) },
      text: `not delivered: ${short(body)} (${told(error).message})`,
      color: 'red',
    });
  }

  received(
    body: Buffer,
    properties: Readonly<Record<string, string>>,
    system: Readonly<Record<string, string>>,
  ): void {
    const encoded = encode(body);
    const named = Object.entries({ ...system, ...properties }).map(([name, value]) => `${name}=${value}`);
    this.#tell({
      event: 'message',
      json: { ...encoded, properties, ...system },
      text: `received ${shown(encoded)}${named.length === 0 ? '' : ` (${named.join(', ')})`}`,
      color: 'cyan',
    });
  }

  called(method: string, payload: unknown, answer: { status: number; payload: unknown }): void {
    this.#tell({
      event: 'method',
      json: { method, payload, answer },
      text: `method ${method}(${short(JSON.stringify(payload))}) answered ${answer.status} ${short(JSON.stringify(answer.payload))}`,
      color: 'cyan',
    });
  }

  twin(desired: object, reported: object): void {
    this.#tell({
      event: 'twin',
      json: { desired, reported },
      text: `twin: desired ${short(JSON.stringify(desired))}, reported ${short(JSON.stringify(reported))}`,
    });
  }

  desired(patch: object): void {
    this.#tell({
      event: 'desired-properties',
      json: { patch },
      text: `desired properties changed: ${short(JSON.stringify(patch))}`,
      color: 'cyan',
    });
  }

  reported(patch: object): void {
    this.#tell({
      event: 'reported-properties',
      json: { patch },
      text: `reported ${short(JSON.stringify(patch))}`,
    });
  }

  #tell({ event, json, text, color }: Event): void {
    const at = this.#io.now();
    this.#output.event({
      json: { event, at, ...json },
      text: (style) => {
        const line = printable(text);
        return [`${style.dim(clock(at))}  ${color === undefined ? line : style[color](line)}`];
      },
    });
  }
}

const NOTHING = { error: undefined, advice: undefined, warning: undefined, nextAttemptAt: undefined };

const COLORS: Readonly<Record<ConnectionState['status'], keyof Style>> = {
  connecting: 'dim',
  provisioning: 'dim',
  connected: 'green',
  reconnecting: 'yellow',
  closed: 'dim',
};

function stateText(state: ConnectionState, { assignedHub, deviceId }: Registration, now: Date): string {
  switch (state.status) {
    case 'connecting':
      return 'connecting';
    case 'provisioning':
      return `registering with DPS${state.error ? `: ${told(state.error).message}` : ''}`;
    case 'connected':
      return `connected to ${assignedHub} as ${deviceId}`;
    case 'reconnecting': {
      const { attempt, nextAttemptAt, error, advice } = state;
      if (nextAttemptAt === undefined) return `connecting again (attempt ${attempt})`;
      const wait = duration(Math.max(0, nextAttemptAt.getTime() - now.getTime()));
      return `${told(error).message} Attempt ${attempt} in ${wait}. ${textInFlagTerms(advice)}`;
    }
    case 'closed':
      return state.error ? `given up: ${told(state.error).message}` : 'closed';
  }
}

function where({ assignedHub, deviceId, registrationId }: Registration): object {
  return { assignedHub, deviceId, registrationId };
}

function told(error: unknown): { message: string } {
  if (error instanceof DeviceError) return inFlagTerms(error);
  // Not instanceof: errors of node come from another realm in vm contexts.
  const { message } = Object(error) as { message?: unknown };
  return { message: typeof message === 'string' ? message : String(error) };
}

function errorJson(error: unknown): object {
  return jsonOf(error instanceof DeviceError ? inFlagTerms(error) : error);
}

function encode(bytes: Buffer): EncodedBody {
  try {
    return { body: new TextDecoder('utf-8', { fatal: true }).decode(bytes), bodyEncoding: 'utf-8' };
  } catch {
    return { body: bytes.toString('base64'), bodyEncoding: 'base64' };
  }
}

function shown({ body, bodyEncoding }: EncodedBody): string {
  return bodyEncoding === 'base64' ? `${short(body)} (Base64)` : short(body);
}

function short(text: string | undefined): string {
  if (text === undefined) return '';
  return text.length > MAX_SHOWN ? `${text.slice(0, MAX_SHOWN)}… (${text.length} characters)` : text;
}
