import * as v from 'valibot';
import { exactObject } from '../schemas/objects';
import { must, type Schema } from '../schemas/problems';
import { boolean, listOf, number, oneOf, pattern, wholeNumber } from '../schemas/values';
import { ID_SCOPE, newIdScope } from './id-scope';
import { hostName, name } from './names';
import type { HubOptions } from './types';
import { DEFAULT_UNVERIFIED_BEHAVIOR } from './unverified-behavior';

const { optional } = v;

const port = wholeNumber(0, 65_535, must('must be a port', 'Pass 0 to 65535; 0 is a free port.'));

const path = pattern(
  /^[^\0]+$/,
  must('must be a path', "Pass the path of a folder such as 'emulator-state', or leave it out."),
);

function limit(remedy: string): Schema<number> {
  return wholeNumber(1, Number.MAX_SAFE_INTEGER, must('must be a whole number from 1', remedy));
}

const HUB = exactObject(
  {
    name,
    hostName: optional(hostName),
    port: optional(port, 0),
    allocationWeight: optional(
      wholeNumber(
        1,
        1000,
        must(
          'must be a whole number from 1 to 1000',
          'Pass 1 to 1000; a hub with 2 gets twice as many devices as one with 1.',
        ),
      ),
      1,
    ),
    latencyMs: optional(
      number(0, Number.MAX_VALUE, must('must be a number from 0', 'Pass milliseconds.')),
      0,
    ),
  },
  must('must be a name or an object', "Pass names such as ['hub-1', 'hub-2'], or { name: 'hub-1' }."),
);

/** A hub given by its options, or by its name alone. */
const hub = v.pipe(
  v.unknown(),
  v.transform((given) => (typeof given === 'string' ? { name: given } : given)),
  HUB,
);

const FILE_UPLOADS = exactObject({
  directory: optional(path),
  maxBytes: optional(limit('Pass bytes.')),
  sasTtlSeconds: optional(
    wholeNumber(1, 86_400, must('must be a whole number from 1 to 86400', 'Pass seconds, e.g. 3600.')),
  ),
});

const THROTTLING = exactObject({
  registrationsPerMinute: optional(limit('Pass e.g. 1000, or leave the limit out.')),
  pollsPerTenSeconds: optional(limit('Pass e.g. 5, or leave the limit out.')),
});

const DEFAULTS = DEFAULT_UNVERIFIED_BEHAVIOR;
const UNVERIFIED_BEHAVIOR = exactObject({
  unknownIdScope: optional(oneOf([3, 4, 5]), DEFAULTS.unknownIdScope),
  missingCertificate: optional(oneOf([4, 5]), DEFAULTS.missingCertificate),
  disabledEnrollment: optional(oneOf(['unauthorized', 'status']), DEFAULTS.disabledEnrollment),
  disabledDevice: optional(oneOf([3, 5]), DEFAULTS.disabledDevice),
  allowAuthorityAsIndividual: optional(boolean, DEFAULTS.allowAuthorityAsIndividual),
  concurrentRegistration: optional(oneOf(['refused', 'allowed']), DEFAULTS.concurrentRegistration),
  sameHubSubstatus: optional(
    oneOf(['initialAssignment', 'reprovisionedToInitialAssignment']),
    DEFAULTS.sameHubSubstatus,
  ),
  cleanSessionQueue: optional(oneOf(['purged', 'kept']), DEFAULTS.cleanSessionQueue),
  countedDeliveries: optional(oneOf(['every', 'abandoned']), DEFAULTS.countedDeliveries),
  allowExpiredThumbprints: optional(boolean, DEFAULTS.allowExpiredThumbprints),
});

const MEMBERS = exactObject(
  {
    hubs: optional(
      listOf(hub, must('must be a list of hubs', "Pass names such as ['hub-1', 'hub-2'].")),
      () => ['hub-1'],
    ),
    centralApplications: optional(
      v.pipe(
        v.array(name, must('must be a list of names', "Pass names such as ['central'].")),
        v.minLength(1, must('must be a list of at least one name', "Pass names such as ['central'].")),
      ),
      () => ['central'],
    ),
    host: optional(
      pattern(/./, must('must be the name or address of an interface', 'Leave it out for 127.0.0.1.')),
      '127.0.0.1',
    ),
    hostName: optional(hostName, 'localhost'),
    port: optional(port, 0),
    sharedPorts: optional(
      listOf(port, must('must be a list of ports', 'Pass ports such as [8883, 443].')),
      () => [],
    ),
    announcedPort: optional(
      wholeNumber(
        1,
        65_535,
        must(
          'must be a port',
          'Pass 1 to 65535 together with sharedPorts; 8883 stands for host names without a port.',
        ),
      ),
    ),
    fileUploads: optional(FILE_UPLOADS, () => ({})),
    stateDirectory: optional(path),
    throttling: optional(THROTTLING, () => ({})),
    idScope: optional(
      pattern(
        ID_SCOPE,
        must(
          'is not of the form 0ne and eight upper-case hexadecimal digits',
          'Pass something like 0ne00ABCDEF, or leave it out for a random one.',
        ),
      ),
      newIdScope,
    ),
    retryAfterSeconds: optional(
      wholeNumber(
        0,
        Number.MAX_SAFE_INTEGER,
        // DPS: the parameter retry-after of its topics.
        must(
          'must be a whole number from 0',
          'Pass whole seconds, which is all that DPS can tell a device, e.g. 0 for fast tests.',
        ),
      ),
      3,
    ),
    pollsBeforeAssigned: optional(
      wholeNumber(
        0,
        Number.MAX_SAFE_INTEGER,
        must('must be a whole number from 0', 'Pass how many polls are answered assigning, e.g. 1.'),
      ),
      1,
    ),
    unverifiedBehavior: optional(UNVERIFIED_BEHAVIOR, () => ({})),
  },
  must('must be an object', 'Pass an object such as { retryAfterSeconds: 0 }, or nothing.'),
);

/** The names of hubs, compared without case, because host names and, on many systems, file names have no case. */
function lowerCase(hubs: readonly (Pick<HubOptions, 'name'> | string)[]): readonly string[] {
  return hubs.map((each) => (typeof each === 'string' ? each : each.name).toLowerCase());
}

function areUnique(names: readonly string[]): boolean {
  return new Set(names).size === names.length;
}

const RESERVED = 'dps, which is how faults name the Device Provisioning Service';

/** The options of `startEmulator`, completed with their defaults. */
export const OPTIONS = v.pipe(
  MEMBERS,
  v.forward(
    v.partialCheck(
      [['hubs']],
      ({ hubs }) => !hubs.some((each) => each.name === 'dps'),
      must(`names a hub ${RESERVED}`, 'Give the hub another name.'),
    ),
    ['hubs'],
  ),
  v.forward(
    v.partialCheck(
      [['hubs']],
      ({ hubs }) => areUnique(lowerCase(hubs)),
      must('names a hub twice', 'Give every hub a name of its own.'),
    ),
    ['hubs'],
  ),
  v.forward(
    v.partialCheck(
      [['centralApplications']],
      ({ centralApplications }) => !centralApplications.includes('dps'),
      must(`names an application ${RESERVED}`, 'Give the application another name.'),
    ),
    ['centralApplications'],
  ),
  v.forward(
    v.partialCheck(
      [['hubs'], ['centralApplications']],
      ({ hubs, centralApplications }) =>
        areUnique(lowerCase(centralApplications)) &&
        !lowerCase(hubs).some((each) => lowerCase(centralApplications).includes(each)),
      must('has a name that another application or a hub has', 'Give every application a name of its own.'),
    ),
    ['centralApplications'],
  ),
  v.forward(
    v.partialCheck(
      [['sharedPorts'], ['port'], ['hubs']],
      ({ sharedPorts, port: own, hubs }) =>
        sharedPorts.length === 0 || (own === 0 && hubs.every((each) => each.port === 0)),
      must('is given together with a port of one service', 'Leave out port, or sharedPorts.'),
    ),
    ['sharedPorts'],
  ),
  v.forward(
    v.partialCheck(
      [['sharedPorts'], ['announcedPort']],
      ({ sharedPorts, announcedPort }) => announcedPort === undefined || sharedPorts.length > 0,
      must('is given without sharedPorts', 'Pass it together with sharedPorts, or leave it out.'),
    ),
    ['announcedPort'],
  ),
);
