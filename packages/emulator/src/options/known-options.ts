import { OptionProblems } from 'azure-iot-certificates/internal';
import type { FileUploadOptions } from '../hub/files/types';
import type { DpsThrottling, EmulatorOptions, HubOptions } from './types';
import { DEFAULT_UNVERIFIED_BEHAVIOR } from './unverified-behavior';

/** Every member of `Options`: one that is added to the type has to be added here. */
type Members<Options> = Readonly<Record<keyof Options, true>>;

const OPTIONS: Members<EmulatorOptions> = {
  hubs: true,
  centralApplications: true,
  host: true,
  hostName: true,
  port: true,
  sharedPorts: true,
  announcedPort: true,
  fileUploads: true,
  stateDirectory: true,
  seed: true,
  throttling: true,
  idScope: true,
  retryAfterSeconds: true,
  pollsBeforeAssigned: true,
  unverifiedBehavior: true,
};

const HUB: Members<HubOptions> = {
  name: true,
  hostName: true,
  port: true,
  allocationWeight: true,
  latencyMs: true,
};

const FILE_UPLOADS: Members<FileUploadOptions> = { directory: true, maxBytes: true, sasTtlSeconds: true };
const THROTTLING: Members<DpsThrottling> = { registrationsPerMinute: true, pollsPerTenSeconds: true };

/** The options that are objects themselves. */
const OBJECTS = {
  fileUploads: FILE_UPLOADS,
  throttling: THROTTLING,
  unverifiedBehavior: DEFAULT_UNVERIFIED_BEHAVIOR,
} as const;

const isObject = (value: unknown): value is object =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/**
 * Collects what is given and no option: a misspelled one would be ignored without a word.
 *
 * @throws InvalidOptionsError when the options are no object, so that nothing else can be said of them.
 */
export function unknownOptions(options: unknown): OptionProblems {
  const problems = new OptionProblems();
  problems.addUnlessObject(options, 'Pass an object such as { retryAfterSeconds: 0 }, or nothing.');
  problems.throwIfAny();
  const given: Readonly<Record<string, unknown>> = { ...(options as object) }; // as was checked
  problems.addUnknown(given, Object.keys(OPTIONS));
  for (const [name, members] of Object.entries(OBJECTS)) {
    const value = given[name];
    if (isObject(value)) problems.addUnknown(value, Object.keys(members), name);
    // Other values are told where the option is read.
    else if (typeof value === 'object')
      problems.add(name, 'must be an object.', `Leave ${name} out, or pass an object.`);
  }
  const hubs: unknown = given['hubs'];
  if (!Array.isArray(hubs)) return problems;
  hubs.forEach((hub: unknown, index) => {
    if (isObject(hub)) problems.addUnknown(hub, Object.keys(HUB), `hubs[${index}]`);
  });
  return problems;
}
