import { quote } from 'azure-iot-certificates/internal';
import type { FlagValues } from '../flags';
import { UsageError } from '../usage-error';
import type { flags } from './command';

/** The answer to a direct method. */
interface Answer {
  readonly status: number;
  readonly payload: unknown;
}

/** The work of `connect` besides the connection, by its flags. */
export interface Plan {
  /** JSON text of the message. */
  readonly telemetry: string | undefined;
  /** The interval in which the message is sent, in milliseconds. */
  readonly everyMs: number | undefined;
  readonly readsInput: boolean;
  /** The properties of every message. */
  readonly message: { readonly contentType: string; readonly properties: ReadonlyMap<string, string> };
  readonly report: Readonly<Record<string, unknown>> | undefined;
  /** The answer to direct methods of that name. */
  answerFor(method: string): Answer;
  /** True if the command closes the connection as soon as everything is sent. */
  readonly isOnce: boolean;
  /** The time to stay connected, in milliseconds. */
  readonly forMs: number | undefined;
}

/** IoT Hub: the status of a direct method is an integer of the device's own choice; the SDK cannot send 0. */
const STATUS = /^-?[1-9]\d{0,8}$/;

/**
 * Makes the plan of the flags.
 *
 * @throws UsageError listing everything that is wrong
 */
export function planOf(values: FlagValues<typeof flags>): Plan {
  const problems: string[] = [];
  const pairs = (flag: string, texts: readonly string[], check: (value: string) => string | undefined) =>
    new Map(
      texts.flatMap((text) => {
        const [, name, value] = /^([^=]+)=(.*)$/s.exec(text) ?? [];
        const problem = name === undefined || value === undefined ? 'must be NAME=VALUE' : check(value);
        if (problem !== undefined) problems.push(`${flag} ${problem}, not ${quote(text)}.`);
        return name === undefined || value === undefined ? [] : [[name, value] as const];
      }),
    );
  const properties = pairs('--property', values.property, () => undefined);
  const payloads = pairs('--method-response', values.methodResponse, (value) =>
    isJson(value) ? undefined : `must be NAME=JSON such as 'reboot={"delay":5}'`,
  );
  const statuses = pairs('--method-status', values.methodStatus, (value) =>
    STATUS.test(value) ? undefined : 'must be NAME=STATUS, a whole number other than 0',
  );
  const { telemetry, every, once, stdin, report } = values;
  if (every !== undefined && telemetry === undefined) problems.push('--every needs --telemetry.');
  const onlyStaying = {
    '--every': every !== undefined,
    '--method-response': payloads.size > 0,
    '--method-status': statuses.size > 0,
  };
  for (const [flag, isGiven] of Object.entries(onlyStaying))
    if (once && isGiven) problems.push(`${flag} makes no sense with --once.`);
  if (report !== undefined && !isObject(report)) problems.push('--report must be a JSON object.');
  if (problems.length > 0) throw new UsageError(problems);
  return {
    telemetry: telemetry === undefined ? undefined : JSON.stringify(telemetry),
    everyMs: every,
    readsInput: stdin,
    message: { contentType: values.contentType, properties },
    report: isObject(report) ? report : undefined,
    answerFor: (method) => ({
      status: Number(statuses.get(method) ?? 200),
      payload: JSON.parse(payloads.get(method) ?? '{}') as unknown,
    }),
    isOnce: once,
    forMs: values.for,
  };
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
