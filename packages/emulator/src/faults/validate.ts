import { InvalidOptionsError, type OptionProblem } from 'azure-iot-certificates';
import { nearestName } from 'azure-iot-certificates/internal';
import { ACTIONS, type Fields } from './actions';

/** The names that a fault may use. */
export interface KnownNames {
  /** `dps` and all hubs. */
  readonly services: readonly string[];
  /** The hubs that are linked to DPS, and that a device may be moved to. */
  readonly linkedHubs: readonly string[];
  /** Whether services share their ports, so that nobody knows at first whom a connection is for. */
  readonly isPortShared: boolean;
}

const MEMBERS = ['at', 'device', 'service', 'skip', 'times', 'probability', 'action'];
/** Steps at which nobody knows the device. */
const ANONYMOUS: readonly unknown[] = ['tcp', 'tls'];

/** Callers in JavaScript may pass anything. */
type Unchecked = Readonly<Record<string, unknown>>;

function isObject(value: unknown): value is Unchecked {
  return typeof value === 'object' && value !== null;
}

/** A remedy that names what was probably meant, or everything that there is. */
function chooseFrom(given: unknown, known: readonly string[]): string {
  const meant = nearestName(String(given), known);
  return meant === undefined ? `Choose one of: ${known.join(', ')}.` : `Did you mean ${meant}?`;
}

function unknownMembers(values: Unchecked, known: readonly string[], path: string): OptionProblem[] {
  return Object.keys(values)
    .filter((name) => !known.includes(name) && values[name] !== undefined)
    .map((name) => ({
      option: `${path}${name}`,
      message: 'does not exist here.',
      remedy: chooseFrom(name, known),
    }));
}

function fieldProblems(action: Unchecked, fields: Fields): OptionProblem[] {
  return Object.entries(fields)
    .filter(([name, { isRequired, holds }]) =>
      action[name] === undefined ? isRequired : !holds(action[name]),
    )
    .map(([name, { message }]) => ({
      option: `action.${name}`,
      message,
      remedy: 'See the type of the action.',
    }));
}

function actionProblems(at: string, action: unknown): OptionProblem[] {
  const actions: Readonly<Record<string, Fields>> = Object.hasOwn(ACTIONS, at)
    ? ACTIONS[at as keyof typeof ACTIONS]
    : {};
  const kinds = Object.keys(actions);
  const kind = isObject(action) ? action['kind'] : undefined;
  if (!isObject(action) || typeof kind !== 'string' || !Object.hasOwn(actions, kind)) {
    return [
      {
        option: 'action.kind',
        message: `is not an action of the step ${at}.`,
        remedy: chooseFrom(kind, kinds),
      },
    ];
  }
  const fields = actions[kind] ?? {};
  return [
    ...unknownMembers(action, ['kind', ...Object.keys(fields)], 'action.'),
    ...fieldProblems(action, fields),
  ];
}

/** The names in a fault that are none. */
function nameProblems(fault: Unchecked, names: KnownNames): OptionProblem[] {
  const { at, service } = fault;
  const { services, linkedHubs, isPortShared } = names;
  const action = isObject(fault['action']) ? fault['action'] : {};
  const given: [option: string, value: unknown, known: readonly string[]][] = [
    ['service', service, services],
    ['action.service', action['service'], services],
    ['action.to', action['kind'] === 'move' ? action['to'] : undefined, linkedHubs],
  ];
  const problems = given
    .filter(
      ([, value, known]) => value !== undefined && !(typeof value === 'string' && known.includes(value)),
    )
    .map(([option, value, known]) => ({
      option,
      message: 'is not the name of one of the emulator.',
      remedy: chooseFrom(value, known),
    }));
  if (!isPortShared || !ANONYMOUS.includes(at)) return problems;
  const remedy = 'Leave out sharedPorts, or choose the step connect.';
  const message = 'cannot be told at this step from others on the same port.';
  if (service !== undefined) problems.push({ option: 'service', message, remedy });
  if (action['kind'] === 'restart' && action['service'] === undefined) {
    problems.push({ option: 'action.service', message, remedy: 'Say which service is meant.' });
  }
  return problems;
}

function isCount(value: unknown, minimum: number): boolean {
  return Number.isSafeInteger(value) && Number(value) >= minimum;
}

function scopeProblems({ at, device, skip, times, probability }: Unchecked): OptionProblem[] {
  const problems: OptionProblem[] = [];
  const check = (isRight: boolean, option: string, message: string, remedy: string): void => {
    if (!isRight) problems.push({ option, message, remedy });
  };
  const isAnonymous = ANONYMOUS.includes(at);
  check(
    device === undefined || !isAnonymous,
    'device',
    'is not known at this step.',
    'Choose a later step, or leave it out.',
  );
  check(
    device === undefined || isAnonymous || (typeof device === 'string' && device !== ''),
    'device',
    'is not a device.',
    'Pass the registration ID or device ID.',
  );
  check(
    skip === undefined || isCount(skip, 0),
    'skip',
    'is not a whole number from 0.',
    'Leave it out for 0.',
  );
  check(
    times === undefined || times === Infinity || isCount(times, 1),
    'times',
    'is neither a whole number from 1 nor Infinity.',
    'Leave it out for 1.',
  );
  check(
    probability === undefined || (typeof probability === 'number' && probability > 0 && probability <= 1),
    'probability',
    'is not above 0 and at most 1.',
    'Leave it out for 1.',
  );
  return problems;
}

/** @throws InvalidOptionsError listing every problem. */
export function checkFault(fault: unknown, names: KnownNames): void {
  const values: Unchecked = isObject(fault) ? fault : {};
  const at = String(values['at']);
  const steps = Object.keys(ACTIONS);
  const problems: OptionProblem[] = steps.includes(at)
    ? [
        ...unknownMembers(values, MEMBERS, ''),
        ...scopeProblems(values),
        ...actionProblems(at, values['action']),
        ...nameProblems(values, names),
      ]
    : [{ option: 'at', message: 'is not a step.', remedy: chooseFrom(at, steps) }];
  if (problems.length > 0) throw new InvalidOptionsError(problems);
}
