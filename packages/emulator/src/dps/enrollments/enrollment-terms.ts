import { invalidArgument } from '../../protocol/errors';
import { isJsonObject, type JsonValue } from '../../protocol/json';
import type { LinkedHubs } from '../allocation/linked-hubs';
import type {
  AllocationPolicyName,
  CustomAllocation,
  CustomAllocationDefinition,
  CustomAllocationRequest,
  ReprovisionPolicy,
} from '../allocation/types';
import type { EnrollmentTerms, EnrollmentTermsInit } from '../types';

/** What was given about an enrollment of either sort. Nothing is filled in, because a default may be another one later. */
export interface GivenTerms extends Readonly<EnrollmentTermsInit> {
  readonly allocationPolicy?: AllocationPolicyName;
  readonly customAllocationDefinition?: CustomAllocationDefinition;
  readonly customAllocation?: CustomAllocation;
  /** Names or host names of linked hubs. */
  readonly iotHubs?: readonly string[];
  readonly reprovisionPolicy?: Partial<ReprovisionPolicy>;
}

/** A change of what was given: `undefined` leaves a property as it is, `null` takes it away. */
export type Change<Given> = { readonly [Name in keyof Given]?: Given[Name] | null | undefined };

/** The terms that the service shows, apart from what only the store knows. */
type ShownTerms = Omit<EnrollmentTerms, 'createdDateTimeUtc' | 'lastUpdatedDateTimeUtc' | 'etag'>;

/** The enrollment that has let a device in, as the device's registration sees it. */
export interface DecisiveEnrollment extends ShownTerms {
  /** DPS: only an individual enrollment may name its device otherwise than it registers. */
  readonly deviceId?: string;
  /** Whether the re-provisioning policy is more than the default. */
  readonly isReprovisionPolicyGiven: boolean;
  /** The enrollment as a custom allocation gets to see it. */
  readonly contract: () => Pick<CustomAllocationRequest, 'individualEnrollment' | 'enrollmentGroup'>;
}

const POLICIES: readonly unknown[] = ['hashed', 'geoLatency', 'static', 'custom'];

interface Rule {
  readonly holds: (given: GivenTerms) => boolean;
  readonly message: string;
}

function isOptional(value: unknown, holds: (value: unknown) => boolean): boolean {
  return value === undefined || holds(value);
}

function isObject(value: unknown): boolean {
  // A caller in JavaScript may pass anything; whether it is an object is all that is asked here.
  return isJsonObject(value as JsonValue | undefined);
}

function isBoolean(value: unknown): boolean {
  return typeof value === 'boolean';
}

function isWebhook(definition: unknown): boolean {
  const { webhookUrl, apiVersion } = (definition ?? {}) as Record<keyof CustomAllocationDefinition, unknown>;
  if (typeof webhookUrl !== 'string' || typeof apiVersion !== 'string' || apiVersion === '') return false;
  return URL.canParse(webhookUrl) && /^https?:$/.test(new URL(webhookUrl).protocol);
}

const RULES: readonly Rule[] = [
  {
    holds: ({ allocationPolicy }) => isOptional(allocationPolicy, (name) => POLICIES.includes(name)),
    message: 'allocationPolicy must be hashed, geoLatency, static or custom',
  },
  {
    // DPS: static means one hub, which has to be named.
    holds: ({ allocationPolicy, iotHubs }) => allocationPolicy !== 'static' || iotHubs?.length === 1,
    message: 'iotHubs must name exactly one hub for allocationPolicy static',
  },
  {
    holds: ({ allocationPolicy, customAllocationDefinition, customAllocation }) =>
      allocationPolicy === 'custom' ||
      (customAllocationDefinition === undefined && customAllocation === undefined),
    message: 'customAllocationDefinition and customAllocation are for allocationPolicy custom only',
  },
  {
    holds: ({ customAllocationDefinition, customAllocation }) =>
      customAllocationDefinition === undefined || customAllocation === undefined,
    message: 'customAllocationDefinition and customAllocation exclude each other',
  },
  {
    holds: ({ customAllocationDefinition }) => isOptional(customAllocationDefinition, isWebhook),
    message: 'customAllocationDefinition must have a webhookUrl of http or https and an apiVersion',
  },
  {
    holds: ({ customAllocation }) => isOptional(customAllocation, (value) => typeof value === 'function'),
    message: 'customAllocation must be a function',
  },
  {
    holds: ({ reprovisionPolicy }) =>
      isOptional(reprovisionPolicy, isObject) &&
      isOptional(reprovisionPolicy?.updateHubAssignment, isBoolean) &&
      isOptional(reprovisionPolicy?.migrateDeviceData, isBoolean),
    message: 'updateHubAssignment and migrateDeviceData of reprovisionPolicy must be true or false',
  },
  {
    holds: ({ provisioningStatus }) =>
      isOptional(provisioningStatus, (status) => status === 'enabled' || status === 'disabled'),
    message: 'provisioningStatus must be enabled or disabled',
  },
  {
    holds: ({ initialTwin }) =>
      isOptional(initialTwin, isObject) &&
      isOptional(initialTwin?.tags, isObject) &&
      isOptional(initialTwin?.properties, isObject) &&
      isOptional(initialTwin?.properties?.desired, isObject),
    message: 'tags and properties.desired of initialTwin must be objects',
  },
  {
    holds: ({ capabilities }) => capabilities === undefined || isBoolean(capabilities.iotEdge),
    message: 'iotEdge of capabilities must be true or false',
  },
];

const NO_CUSTOM_ALLOCATION = { customAllocation: null, customAllocationDefinition: null };

/** Takes over a change. Changing the policy, or who is asked, ends the custom allocation before. */
export function changed<Given extends GivenTerms>(given: Given, change: Change<Given>): Given {
  const { allocationPolicy, customAllocation, customAllocationDefinition, reprovisionPolicy } = change;
  const isPolicyChanged = [allocationPolicy, customAllocation, customAllocationDefinition].some(
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

/** DPS: a custom policy needs to be told where to ask. @throws EmulatorError 400004 */
export function checkCustomAllocation(given: GivenTerms): void {
  const { allocationPolicy, customAllocationDefinition, customAllocation } = given;
  if (allocationPolicy !== 'custom' || customAllocationDefinition !== undefined) return;
  if (customAllocation !== undefined) return;
  throw invalidArgument(
    'A customAllocationDefinition or customAllocation is required for allocationPolicy custom',
  );
}

/** Checks what was given and fills in defaults. @throws EmulatorError 400004 */
export function readTerms(given: GivenTerms, linkedHubs: LinkedHubs): ShownTerms {
  const broken = RULES.find(({ holds }) => !holds(given));
  if (broken !== undefined) throw invalidArgument(broken.message);
  const hostNames = linkedHubs.hostNamesOf(given.iotHubs ?? []);
  const { allocationPolicy, customAllocationDefinition, customAllocation } = given;
  const { reprovisionPolicy, provisioningStatus = 'enabled', initialTwin, capabilities } = given;
  return {
    ...(allocationPolicy !== undefined && { allocationPolicy }),
    ...(customAllocationDefinition !== undefined && { customAllocationDefinition }),
    ...(customAllocation !== undefined && { customAllocation }),
    // DPS: a list that was left empty stands for all linked hubs.
    ...(hostNames.length > 0 && { iotHubs: hostNames }),
    reprovisionPolicy: {
      updateHubAssignment: reprovisionPolicy?.updateHubAssignment ?? true,
      migrateDeviceData: reprovisionPolicy?.migrateDeviceData ?? true,
    },
    provisioningStatus,
    ...(initialTwin !== undefined && { initialTwin }),
    capabilities: { iotEdge: capabilities?.iotEdge ?? false },
  };
}
