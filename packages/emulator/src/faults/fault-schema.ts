import { isObject, nearestName } from 'azure-iot-certificates/internal';
import * as v from 'valibot';
import { exactObject } from '../schemas/objects';
import { checkOptions, must, type Schema } from '../schemas/problems';
import { count, pattern } from '../schemas/values';
import { ACTIONS, type Members } from './actions';

/** The names that a fault may use. */
export interface KnownNames {
  /** `dps` and all hubs. */
  readonly services: readonly string[];
  /** The hubs that are linked to DPS. A device may be moved to them. */
  readonly linkedHubs: readonly string[];
  /** True if services share their ports, so that the service of a connection is not known before CONNECT. */
  readonly isPortShared: boolean;
}

/** The steps at which the device is not known. */
const WITHOUT_DEVICE: readonly string[] = ['tcp', 'tls'];

const UNKNOWN_SERVICE = 'cannot be told at this step from others on the same port';

/** A schema for one of these names. The remedy suggests a similar name, or lists all names. */
function nameOf(known: readonly string[], message: string): Schema<string> {
  return v.picklist(known, ({ input }) => {
    const meant = nearestName(String(input), known);
    return must(
      message,
      meant === undefined ? `Choose one of: ${known.join(', ')}.` : `Did you mean ${meant}?`,
    );
  });
}

/** A schema for a member that must be absent. */
function absent(message: string, remedy: string): v.GenericSchema {
  return v.custom((value) => value === undefined, must(message, remedy));
}

const UNKNOWN_NAME = 'is not the name of a service of the emulator';

/** The members of an action that name services and hubs. */
function namesIn(kind: string, step: string, names: KnownNames): Members {
  const { services, linkedHubs, isPortShared } = names;
  const service = nameOf(services, UNKNOWN_NAME);
  const isServiceUnknown = isPortShared && WITHOUT_DEVICE.includes(step);
  if (kind === 'move') return { to: nameOf(linkedHubs, 'is not the name of a hub of the emulator') };
  if (kind !== 'restart') return {};
  if (!isServiceUnknown) return { service: v.optional(service) };
  const message = must(UNKNOWN_SERVICE, 'Name the service.');
  return {
    service: v.pipe(
      v.string(message),
      v.check((name) => services.includes(name), message),
    ),
  };
}

/** A schema that checks only this member of a value. */
function memberAlone(name: string, member: Schema<string>): Schema<unknown> {
  return v.pipe(
    v.unknown(),
    v.transform((value) => ({ [name]: isObject(value) ? value[name] : undefined })),
    v.object({ [name]: member }),
  );
}

function actionSchema(
  step: string,
  kinds: Readonly<Record<string, Members>>,
  names: KnownNames,
): Schema<unknown> {
  const kind = nameOf(Object.keys(kinds), `is not an action of the step ${step}`);
  return v.lazy((action) => {
    const given = isObject(action) ? action['kind'] : undefined;
    const members = typeof given === 'string' && Object.hasOwn(kinds, given) ? kinds[given] : undefined;
    if (members === undefined) return memberAlone('kind', kind);
    return exactObject({ kind, ...members, ...namesIn(String(given), step, names) });
  });
}

function faultSchema(
  step: string,
  kinds: Readonly<Record<string, Members>>,
  names: KnownNames,
): Schema<unknown> {
  const isWithoutDevice = WITHOUT_DEVICE.includes(step);
  const service = nameOf(names.services, UNKNOWN_NAME);
  const times = must('must be a whole number from 1 or Infinity', 'Leave it out for 1.');
  return exactObject({
    at: v.string(),
    skip: v.optional(count),
    times: v.optional(
      v.custom((value) => value === Infinity || (Number.isSafeInteger(value) && Number(value) >= 1), times),
    ),
    device: isWithoutDevice
      ? v.optional(absent('is not known at this step', 'Choose a later step, or leave it out.'))
      : v.optional(
          pattern(/./, must('must be the ID of a device', 'Pass the registration ID or device ID.')),
        ),
    service: v.optional(
      isWithoutDevice && names.isPortShared
        ? absent(UNKNOWN_SERVICE, 'Leave out sharedPorts, or choose the step connect.')
        : service,
    ),
    action: actionSchema(step, kinds, names),
  });
}

/** Checks a fault. @throws InvalidOptionsError listing every problem. */
export function checkFault(fault: unknown, names: KnownNames): void {
  const at = isObject(fault) ? fault['at'] : undefined;
  const step =
    typeof at === 'string' && Object.hasOwn(ACTIONS, at) ? (at as keyof typeof ACTIONS) : undefined;
  if (step === undefined) {
    checkOptions(memberAlone('at', nameOf(Object.keys(ACTIONS), 'is not a step')), fault);
    return;
  }
  const members: Readonly<Record<string, Members>> = ACTIONS[step];
  checkOptions(faultSchema(step, members, names), isObject(fault) ? { action: undefined, ...fault } : fault);
}
