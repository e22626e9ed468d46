import { DeviceError } from 'azure-iot-certificates';
import { printable } from 'azure-iot-certificates/internal';
import { duration } from '../../errors/text';
import type { ConnectionState } from '../../index';
import type { Registration } from '../../options/registration';
import { jsonOf } from '../failure';
import { inFlagTerms, textInFlagTerms } from '../flag-terms';
import type { Io } from '../io';
import type { Output } from '../output/output';
import type { Style } from '../output/style';
import { clock } from '../output/text';

/** The number of characters of a message that a line of text shows. */
const MAX_SHOWN = 500;

/** The bytes of a message as text, or in Base64 if they are not valid text. */
interface EncodedBody {
  readonly body: string;
  readonly bodyEncoding: 'utf-8' | 'base64';
}

type Properties = Readonly<Record<string, string>>;

/**
 * Shows the events of a connection, an event a line. The names of the events never change, because programs read them.
 */
export class Events {
  readonly #output: Output;
  readonly #io: Pick<Io, 'now'>;

  constructor(output: Output, io: Pick<Io, 'now'>) {
    this.#output = output;
    this.#io = io;
  }

  /** @param registration returns the assignment; called when the device is connected */
  state(state: ConnectionState, registration: () => Registration): void {
    const { status, since, ...more } = state;
    const { error, advice, warning, warnings, nextAttemptAt, ...others } = { ...NOTHING, ...more };
    const place = status === 'connected' ? where(registration()) : undefined;
    const json = {
      ...{ status, since, ...others, nextAttemptAt, ...place },
      ...(error && { error: errorJson(error) }),
      ...(warning && { warning: errorJson(warning), warnings: warnings.map(errorJson) }),
      ...(advice !== undefined && { advice: textInFlagTerms(advice) }),
    };
    this.#tell('state', json, stateText(state, registration, this.#io.now()), COLORS[status]);
    for (const one of warnings) this.warning(one);
  }

  reprovisioned(previous: Registration, current: Registration): void {
    const { deviceId, assignedHub } = current;
    const json = { ...where(current), previous: where(previous) };
    this.#tell('reprovisioned', json, `registered again: ${deviceId} at ${assignedHub}`);
  }

  expiring(notAfter: Date): void {
    const text = `the certificate expires on ${notAfter.toISOString()}: renew it`;
    this.#tell('credentials-expiring', { notAfter }, text, 'yellow');
  }

  /** Shows a failure that does not affect the connection itself. */
  warning(error: unknown): void {
    this.#tell('warning', { error: errorJson(error) }, `warning: ${messageOf(error)}`, 'yellow');
  }

  /** Shows that the hub has acknowledged a message. */
  sent(body: string): void {
    this.#tell('telemetry', { body }, `sent ${short(body)}`);
  }

  /** Shows that a message has failed. */
  undelivered(body: string, error: unknown): void {
    const text = `not delivered: ${short(body)} (${messageOf(error)})`;
    this.#tell('undelivered', { body, error: errorJson(error) }, text, 'red');
  }

  received(bytes: Buffer, properties: Properties, system: Properties): void {
    const { body, bodyEncoding } = encode(bytes);
    const named = Object.entries({ ...system, ...properties }).map(([name, value]) => `${name}=${value}`);
    const remarks = [...(bodyEncoding === 'base64' ? ['Base64'] : []), ...named];
    const text = `received ${short(body)}${remarks.length === 0 ? '' : ` (${remarks.join(', ')})`}`;
    this.#tell('message', { body, bodyEncoding, properties, ...system }, text, 'cyan');
  }

  called(method: string, payload: unknown, answer: { status: number; payload: unknown }): void {
    const text = `method ${method}(${shortJson(payload)}) answered ${answer.status} ${shortJson(answer.payload)}`;
    this.#tell('method', { method, payload, answer }, text, 'cyan');
  }

  twin(desired: object, reported: object): void {
    const text = `twin: desired ${shortJson(desired)}, reported ${shortJson(reported)}`;
    this.#tell('twin', { desired, reported }, text);
  }

  desired(patch: object): void {
    const text = `desired properties changed: ${shortJson(patch)}`;
    this.#tell('desired-properties', { patch }, text, 'cyan');
  }

  reported(patch: object): void {
    this.#tell('reported-properties', { patch }, `reported ${shortJson(patch)}`);
  }

  #tell(event: string, json: object, text: string, color?: keyof Style): void {
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

const NOTHING = {
  error: undefined,
  advice: undefined,
  warning: undefined,
  warnings: [],
  nextAttemptAt: undefined,
};

const COLORS: Readonly<Record<ConnectionState['status'], keyof Style>> = {
  connecting: 'dim',
  provisioning: 'dim',
  connected: 'green',
  reconnecting: 'yellow',
  closed: 'dim',
};

function stateText(state: ConnectionState, registration: () => Registration, now: Date): string {
  switch (state.status) {
    case 'provisioning':
      return `registering with DPS${state.error ? `: ${messageOf(state.error)}` : ''}`;
    case 'connected': {
      const { assignedHub, deviceId } = registration();
      return `connected to ${assignedHub} as ${deviceId}`;
    }
    case 'connecting':
    case 'reconnecting': {
      const { attempt, nextAttemptAt, error, advice = '' } = state;
      if (error === undefined) return 'connecting';
      if (nextAttemptAt === undefined) return `connecting again (attempt ${attempt})`;
      const wait = duration(Math.max(0, nextAttemptAt.getTime() - now.getTime()));
      return `${messageOf(error)} Attempt ${attempt} in ${wait}. ${textInFlagTerms(advice)}`;
    }
    case 'closed':
      return state.error ? `given up: ${messageOf(state.error)}` : 'closed';
  }
}

function where({ assignedHub, deviceId, registrationId }: Registration): object {
  return { assignedHub, deviceId, registrationId };
}

function messageOf(error: unknown): string {
  if (error instanceof DeviceError) return inFlagTerms(error).message;
  // Not instanceof: errors of node come from another realm in vm contexts.
  const { message } = Object(error) as { message?: unknown };
  return typeof message === 'string' ? message : String(error);
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

function shortJson(value: unknown): string {
  return short(JSON.stringify(value));
}

function short(text = ''): string {
  return text.length > MAX_SHOWN ? `${text.slice(0, MAX_SHOWN)}… (${text.length} characters)` : text;
}
