import { types } from 'node:util';
import {
  InvalidOptionsError,
  isObject,
  nearestName,
  validateCredentialsOptions,
} from 'azure-iot-certificates/internal';
import type { OptionProblem } from 'azure-iot-certificates';
import { HttpProxy } from './proxy';
import type { ConnectOptions, ProvisionOptions, TransportKind } from './types';

/** The endpoint that serves every instance of the Device Provisioning Service in the public cloud. */
export const DEFAULT_GLOBAL_ENDPOINT = 'global.azure-devices-provisioning.net';
/** The time-out of the whole call, in milliseconds. The portal guides give a device two minutes to be assigned. */
export const DEFAULT_TIMEOUT_MS = 120_000;
export const DEFAULT_KEEP_ALIVE_SECONDS = 60;
/** IoT Hub waits 1.5 times the keep-alive and never longer than 1767 seconds. */
const MAX_KEEP_ALIVE_SECONDS = 1177;
/** The longest time that a Node.js timer can wait. */
const MAX_TIMEOUT_MS = 2 ** 31 - 1;

const TRANSPORTS: readonly TransportKind[] = ['mqtt', 'mqtt-ws'];
/** Host name with an optional port; no scheme, no path. */
const HOST = /^(?:[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?|\[[0-9A-Fa-f:.]+\])(?::\d{1,5})?$/;
/**
 * The form of an ID scope, which the service generates, e.g. 0ne00ABCDEF. Azure does not specify it, so the rule is
 * wide.
 */
const ID_SCOPE = /^[A-Za-z0-9]{4,64}$/;
/** Digital Twins Definition Language, digital twin model identifier. */
const MODEL_ID =
  /^dtmi:[A-Za-z](?:[A-Za-z0-9_]*[A-Za-z0-9])?(?::[A-Za-z](?:[A-Za-z0-9_]*[A-Za-z0-9])?)*(?:;[1-9]\d{0,8}(?:\.[1-9]\d{0,5})?)?$/;

type Values = Readonly<Record<string, unknown>>;
type Rule = (values: Values) => OptionProblem[];

const required = (option: string, meaning: string, remedy: string): Rule => {
  return (values) =>
    isAbsent(values[option]) ? [{ option, message: `is missing: ${meaning}.`, remedy }] : [];
};

const when = (
  option: string,
  isValid: (value: unknown) => boolean,
  expected: string,
  remedy: string,
): Rule => {
  return (values) => {
    const value = values[option];
    return isAbsent(value) || isValid(value)
      ? []
      : [{ option, message: `must be ${expected}${given(value)}.`, remedy }];
  };
};

/** Like {@link when}, for values that must not be repeated in a message. */
const secret = (
  option: string,
  isValid: (value: unknown) => boolean,
  expected: string,
  remedy: string,
): Rule => {
  return (values) =>
    isAbsent(values[option]) || isValid(values[option])
      ? []
      : [{ option, message: `must be ${expected}.`, remedy }];
};

const atMostOne = (first: string, second: string): Rule => {
  return (values) =>
    isAbsent(values[first]) || isAbsent(values[second])
      ? []
      : [
          {
            option: first,
            message: `and ${second} are both given.`,
            remedy: `Give either ${first} or ${second}.`,
          },
        ];
};

const isText = (value: unknown): value is string => typeof value === 'string' && value.trim() !== '';
const isContent = (value: unknown) => isText(value) || types.isUint8Array(value);
/** Not `instanceof`: the signal may come from another realm, as under Jest with jsdom. */
const isAbortSignal = (value: unknown) =>
  isObject(value) && typeof value['aborted'] === 'boolean' && typeof value['addEventListener'] === 'function';
const isNumberIn = (min: number, max: number) => (value: unknown) =>
  typeof value === 'number' && Number.isFinite(value) && value >= min && value <= max;
const matches = (pattern: RegExp) => (value: unknown) => typeof value === 'string' && pattern.test(value);
const isOneOf = (names: readonly string[]) => (value: unknown) =>
  typeof value === 'string' && names.includes(value);
const isSerializable = (value: unknown) => {
  try {
    return isObject(value) && typeof JSON.stringify(value) === 'string';
  } catch {
    return false;
  }
};

const content = (option: string) =>
  secret(
    option,
    isContent,
    'the content as a non-empty string or a Buffer',
    `Pass the path as ${option}File instead.`,
  );
/** The rule for a path. Content that was passed by mistake is not repeated in the message. */
const path = (option: string) =>
  secret(
    option,
    (value) => isText(value) && !/[\r\n\0]|-----/.test(value),
    'the path of a file',
    `Give ${option} the path of a file, not its content.`,
  );

const PROVISION_RULES: readonly Rule[] = [
  required(
    'idScope',
    'the ID scope of the Device Provisioning Service or IoT Central application',
    'Copy the ID scope from the overview page of the service (Azure portal), or from Permissions > Device connection groups (IoT Central).',
  ),
  when(
    'idScope',
    matches(ID_SCOPE),
    'letters and digits such as 0ne00ABCDEF, without spaces',
    'Copy the ID scope again from the portal.',
  ),
  when(
    'globalEndpoint',
    matches(HOST),
    'a host name without scheme or path',
    `Leave it out for ${DEFAULT_GLOBAL_ENDPOINT}.`,
  ),
  atMostOne('ca', 'caFile'),
  content('ca'),
  path('caFile'),
  when(
    'modelId',
    matches(MODEL_ID),
    'a digital twin model ID such as dtmi:com:example:Thermostat;1',
    'Copy it from the model.',
  ),
  when(
    'payload',
    isSerializable,
    'an object that can be written as JSON',
    'Leave it out without custom allocation.',
  ),
  when('transport', isOneOf(TRANSPORTS), '"mqtt" or "mqtt-ws"', 'Leave it out for "mqtt".'),
  secret(
    'proxy',
    (value) => value === false || (typeof value === 'string' && HttpProxy.parse(value) !== undefined),
    'the URL of an HTTP proxy such as http://proxy.example.com:8080, or false',
    'Leave it out to use the environment variables HTTPS_PROXY and NO_PROXY; percent-encode special characters of user and password.',
  ),
  ({ proxy, transport }) =>
    isAbsent(proxy) || proxy === false || transport === 'mqtt-ws'
      ? []
      : [
          {
            option: 'proxy',
            message: 'is given, but MQTT over TCP does not go through an HTTP proxy.',
            remedy: 'Give transport: "mqtt-ws" as well, or leave option proxy out.',
          },
        ],
  when(
    'timeoutMs',
    isNumberIn(1, MAX_TIMEOUT_MS),
    `a number of milliseconds from 1 to ${MAX_TIMEOUT_MS}`,
    `Leave it out for ${DEFAULT_TIMEOUT_MS}.`,
  ),
  when('signal', isAbortSignal, 'an AbortSignal', 'Pass the signal of an AbortController.'),
];

const isMilliseconds = isNumberIn(0, MAX_TIMEOUT_MS);
/** The value is an object of numbers, each of which may be absent. */
const isNumbers = (members: Readonly<Record<string, (value: unknown) => boolean>>) => (value: unknown) =>
  isObject(value) &&
  Object.entries(value).every(
    ([name, member]) =>
      isAbsent(member) || (Object.hasOwn(members, name) && members[name]?.(member) === true),
  );

const STARTS: readonly ConnectOptions['start'][] = ['connected', 'background'];

const CONNECT_RULES: readonly Rule[] = [
  when(
    'start',
    (value) => (STARTS as readonly unknown[]).includes(value),
    '"connected" or "background"',
    'Leave it out for "connected".',
  ),
  when(
    'keepAliveSeconds',
    isNumberIn(1, MAX_KEEP_ALIVE_SECONDS),
    `a number of seconds from 1 to ${MAX_KEEP_ALIVE_SECONDS}`,
    `Leave it out for ${DEFAULT_KEEP_ALIVE_SECONDS}.`,
  ),
  when(
    'reconnect',
    isNumbers({
      minDelayMs: isMilliseconds,
      maxDelayMs: isMilliseconds,
      maxRefusedDelayMs: isMilliseconds,
      giveUpAfterMs: isMilliseconds,
      giveUpAfterRefusedMs: isMilliseconds,
    }),
    'an object of minDelayMs, maxDelayMs, maxRefusedDelayMs, giveUpAfterMs and giveUpAfterRefusedMs, in milliseconds',
    'Leave it out for delays from 1 s to 60 s, for ever.',
  ),
  when(
    'offlineQueue',
    isNumbers({
      maxMessages: isNumberIn(0, Number.MAX_SAFE_INTEGER),
      maxBytes: isNumberIn(0, Number.MAX_SAFE_INTEGER),
    }),
    'an object of maxMessages and maxBytes',
    'Leave it out for 1000 messages of 64 MiB in all.',
  ),
  when('expiryWarningDays', isNumberIn(0, 36_500), 'a number of days', 'Leave it out for 30.'),
  atMostOne('assignments', 'assignmentFile'),
  when(
    'assignments',
    (value) => ['load', 'save'].every((name) => typeof (value as Values | null)?.[name] === 'function'),
    'an AssignmentStore with load() and save()',
    'Pass memoryAssignmentStore(), or give a path as assignmentFile.',
  ),
  path('assignmentFile'),
];

const names = (options: Required<{ [Name in keyof ConnectOptions]: true }>) => Object.keys(options);
const KNOWN_OPTIONS = names({
  enrollment: true,
  cert: true,
  certFile: true,
  key: true,
  keyFile: true,
  chain: true,
  chainFile: true,
  passphrase: true,
  registrationId: true,
  skipChecks: true,
  idScope: true,
  globalEndpoint: true,
  ca: true,
  caFile: true,
  modelId: true,
  payload: true,
  transport: true,
  proxy: true,
  timeoutMs: true,
  signal: true,
  start: true,
  keepAliveSeconds: true,
  reconnect: true,
  offlineQueue: true,
  expiryWarningDays: true,
  assignments: true,
  assignmentFile: true,
});

/**
 * Checks what the types of {@link ProvisionOptions} promise, for callers without types.
 *
 * @throws {@link InvalidOptionsError} with every problem at once
 */
export function validateProvisionOptions(options: ProvisionOptions): void {
  validate(options, PROVISION_RULES);
}

/**
 * Checks what the types of {@link ConnectOptions} promise, for callers without types.
 *
 * @throws {@link InvalidOptionsError} with every problem at once
 */
export function validateConnectOptions(options: ConnectOptions): void {
  validate(options, [...PROVISION_RULES, ...CONNECT_RULES]);
}

function validate(options: ProvisionOptions, rules: readonly Rule[]): void {
  if (typeof (options as unknown) !== 'object' || (options as unknown) === null) {
    throw new InvalidOptionsError(validateCredentialsOptions(options));
  }
  const values: Values = { ...options };
  const problems = [
    ...Object.keys(values)
      .filter((option) => !KNOWN_OPTIONS.includes(option) && !isAbsent(values[option]))
      .map((option) => ({
        option,
        message: 'is not an option.',
        remedy: spelling(option),
      })),
    ...validateCredentialsOptions(options),
    ...rules.flatMap((rule) => rule(values)),
  ];
  if (problems.length > 0) throw new InvalidOptionsError(problems);
}

function spelling(option: string): string {
  const meant = nearestName(option, KNOWN_OPTIONS);
  return meant ? `Did you mean ${meant}?` : `The options are: ${KNOWN_OPTIONS.join(', ')}.`;
}

function isAbsent(value: unknown): boolean {
  return value === undefined;
}

function given(value: unknown): string {
  if (typeof value === 'string') return `, not ${JSON.stringify(value.slice(0, 100))}`;
  return typeof value === 'number'
    ? `, not ${value}`
    : `, not of type ${value === null ? 'null' : typeof value}`;
}
