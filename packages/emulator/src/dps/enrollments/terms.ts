import * as v from 'valibot';
import { invalidArgument } from '../../protocol/errors';
import { jsonObject, object } from '../../schemas/objects';
import { must, type Schema } from '../../schemas/problems';
import { boolean, listOf, oneOf, pattern, text } from '../../schemas/values';
import type { CustomAllocation, CustomAllocationRequest } from '../types/allocation';
import type { EnrollmentTerms } from '../types/dps';
import type { LinkedHubs } from './linked-hubs';

const { exactOptional } = v;

const WEBHOOK_URL = must('must be a URL of http or https');

const webhookUrl: Schema<string> = v.pipe(
  v.string(WEBHOOK_URL),
  v.check((url) => URL.canParse(url) && /^https?:$/.test(new URL(url).protocol), WEBHOOK_URL),
);

const customAllocation: Schema<CustomAllocation> = v.custom<CustomAllocation>(
  (value) => typeof value === 'function',
  must('must be a function'),
);

/** The given and stored terms of both kinds of enrollment. They have no defaults, because defaults may change later. */
export const TERMS = {
  allocationPolicy: exactOptional(oneOf(['hashed', 'geoLatency', 'static', 'custom'])),
  customAllocationDefinition: exactOptional(
    object({ webhookUrl, apiVersion: pattern(/./, must('must be a version such as 2021-10-01')) }),
  ),
  /** The function of a custom allocation. It is not stored. */
  customAllocation: exactOptional(customAllocation),
  /** Names or host names of linked hubs. */
  iotHubs: exactOptional(listOf(text, must('must be a list of names'))),
  reprovisionPolicy: exactOptional(
    object({ updateHubAssignment: exactOptional(boolean), migrateDeviceData: exactOptional(boolean) }),
  ),
  provisioningStatus: exactOptional(oneOf(['enabled', 'disabled'])),
  initialTwin: exactOptional(
    object({
      tags: exactOptional(jsonObject),
      properties: exactOptional(object({ desired: exactOptional(jsonObject) })),
    }),
  ),
  capabilities: exactOptional(object({ iotEdge: boolean })),
};

/** The given terms of an enrollment. */
export type GivenTerms = v.InferOutput<v.ObjectSchema<typeof TERMS, undefined>>;

/** A change of given terms: `undefined` leaves a property as it is, `null` removes it. */
export type Change<Given> = { readonly [Name in keyof Given]?: Given[Name] | null | undefined };

/** The terms that the service shows, without the metadata of the store. */
type ShownTerms = Omit<EnrollmentTerms, 'createdDateTimeUtc' | 'lastUpdatedDateTimeUtc' | 'etag'>;

/** The enrollment that has admitted a device, for the device's registration. */
export interface DecisiveEnrollment extends ShownTerms {
  /** DPS: only an individual enrollment may give its device another ID than the registration ID. */
  readonly deviceId?: string;
  /** True if the re-provisioning policy was given and is not the default. */
  readonly isReprovisionPolicyGiven: boolean;
  /** The enrollment in the request of a custom allocation. */
  readonly contract: () => Pick<CustomAllocationRequest, 'individualEnrollment' | 'enrollmentGroup'>;
}

interface Rule {
  readonly isBroken: (given: GivenTerms) => boolean;
  readonly message: string;
}

const RULES: readonly Rule[] = [
  {
    // DPS: static needs exactly one hub in `iotHubs`.
    isBroken: ({ allocationPolicy, iotHubs }) => allocationPolicy === 'static' && iotHubs?.length !== 1,
    message: 'iotHubs must name exactly one hub for allocationPolicy static',
  },
  {
    isBroken: (given) => given.allocationPolicy !== 'custom' && isCustomAllocationGiven(given),
    message: 'customAllocationDefinition and customAllocation are for allocationPolicy custom only',
  },
  {
    isBroken: ({ customAllocationDefinition, customAllocation: allocate }) =>
      customAllocationDefinition !== undefined && allocate !== undefined,
    message: 'customAllocationDefinition and customAllocation exclude each other',
  },
];

function isCustomAllocationGiven(given: GivenTerms): boolean {
  return given.customAllocationDefinition !== undefined || given.customAllocation !== undefined;
}

const NO_CUSTOM_ALLOCATION = { customAllocation: null, customAllocationDefinition: null };

/** Applies a change. A change of the policy, or of the custom allocation, removes the earlier custom allocation. */
export function changed<Given extends object>(
  given: Given & Partial<GivenTerms>,
  change: Change<Given> & Change<Partial<GivenTerms>>,
): Given {
  const {
    allocationPolicy,
    customAllocation: allocate,
    customAllocationDefinition,
    reprovisionPolicy,
  } = change;
  const isPolicyChanged = [allocationPolicy, allocate, customAllocationDefinition].some(
    (value) => value !== undefined,
  );
  const next = {
    ...given,
    ...(isPolicyChanged && NO_CUSTOM_ALLOCATION),
    ...Object.fromEntries(Object.entries(change).filter(([, value]) => value !== undefined)),
    ...(reprovisionPolicy && { reprovisionPolicy: { ...given.reprovisionPolicy, ...reprovisionPolicy } }),
  };
  // Every property comes from one of the two, which have the same types under the same names.
  return Object.fromEntries(Object.entries(next).filter(([, value]) => value !== null)) as unknown as Given;
}

/** DPS: a custom policy needs a webhook, or here a function. @throws EmulatorError 400004 */
export function requireCustomAllocation(given: GivenTerms): void {
  if (given.allocationPolicy !== 'custom' || isCustomAllocationGiven(given)) return;
  throw invalidArgument(
    'A customAllocationDefinition or customAllocation is required for allocationPolicy custom',
  );
}

/** The terms with their defaults. @throws EmulatorError 400004 when they contradict each other */
export function shownTerms(given: GivenTerms, linkedHubs: LinkedHubs): ShownTerms {
  const broken = RULES.find(({ isBroken }) => isBroken(given));
  if (broken !== undefined) throw invalidArgument(broken.message);
  const { iotHubs, reprovisionPolicy, provisioningStatus = 'enabled', capabilities, ...rest } = given;
  const hostNames = linkedHubs.hostNamesOf(iotHubs ?? []);
  return {
    ...rest,
    // DPS: an empty list stands for all linked hubs.
    ...(hostNames.length > 0 && { iotHubs: hostNames }),
    reprovisionPolicy: {
      updateHubAssignment: reprovisionPolicy?.updateHubAssignment ?? true,
      migrateDeviceData: reprovisionPolicy?.migrateDeviceData ?? true,
    },
    provisioningStatus,
    capabilities: { iotEdge: capabilities?.iotEdge ?? false },
  };
}
