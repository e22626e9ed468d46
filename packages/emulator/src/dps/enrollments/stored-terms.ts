import {
  arrayOf,
  oneOf,
  optional,
  readBoolean,
  readDate,
  readFields,
  readObject,
  readString,
  type Read,
} from '../../stored/read';
import type { LinkedHubs } from '../allocation/linked-hubs';
import type { CustomAllocationDefinition, ReprovisionPolicy } from '../allocation/types';
import type { DeviceCapabilities } from '../types';
import type { GivenTerms } from './enrollment-terms';
import type { InitialTwin } from '../../hub/linked-hub';

/** A moment, in the form in which it was stored. */
export const readTimestamp: Read<string> = (value, path) => {
  readDate(value, path);
  return readString(value, path);
};

const readDefinition: Read<CustomAllocationDefinition> = (value, path) => {
  const field = readFields(value, path);
  return { webhookUrl: field('webhookUrl', readString), apiVersion: field('apiVersion', readString) };
};

const readReprovisionPolicy: Read<Partial<ReprovisionPolicy>> = (value, path) => {
  const field = readFields(value, path);
  const updateHubAssignment = field('updateHubAssignment', optional(readBoolean));
  const migrateDeviceData = field('migrateDeviceData', optional(readBoolean));
  return {
    ...(updateHubAssignment !== undefined && { updateHubAssignment }),
    ...(migrateDeviceData !== undefined && { migrateDeviceData }),
  };
};

/** A twin in the form in which enrollments hold it. */
const readInitialTwin: Read<InitialTwin> = (value, path) => {
  const field = readFields(value, path);
  const tags = field('tags', optional(readObject));
  const properties = field(
    'properties',
    optional((inner, innerPath) => readFields(inner, innerPath)('desired', optional(readObject))),
  );
  return {
    ...(tags !== undefined && { tags }),
    ...(properties !== undefined && { properties: { desired: properties } }),
  };
};

const readCapabilities: Read<DeviceCapabilities> = (value, path) => ({
  iotEdge: readFields(value, path)('iotEdge', readBoolean),
});

/** What enrollments of both sorts are stored with, by the names under which they are given. */
export function readStoredTerms(field: ReturnType<typeof readFields>): GivenTerms {
  const allocationPolicy = field(
    'allocationPolicy',
    optional(oneOf(['hashed', 'geoLatency', 'static', 'custom'])),
  );
  const customAllocationDefinition = field('customAllocationDefinition', optional(readDefinition));
  const iotHubs = field('iotHubs', optional(arrayOf(readString)));
  const reprovisionPolicy = field('reprovisionPolicy', optional(readReprovisionPolicy));
  const provisioningStatus = field('provisioningStatus', optional(oneOf(['enabled', 'disabled'])));
  const initialTwin = field('initialTwin', optional(readInitialTwin));
  const capabilities = field('capabilities', optional(readCapabilities));
  return {
    ...(allocationPolicy !== undefined && { allocationPolicy }),
    ...(customAllocationDefinition !== undefined && { customAllocationDefinition }),
    ...(iotHubs !== undefined && { iotHubs }),
    ...(reprovisionPolicy !== undefined && { reprovisionPolicy }),
    ...(provisioningStatus !== undefined && { provisioningStatus }),
    ...(initialTwin !== undefined && { initialTwin }),
    ...(capabilities !== undefined && { capabilities }),
  };
}

/** The terms in the form and the order in which they are stored, with hubs by their names. */
export function storedTerms(terms: GivenTerms, linkedHubs: LinkedHubs): object {
  const { iotHubs, reprovisionPolicy, initialTwin } = terms;
  return {
    allocationPolicy: terms.allocationPolicy,
    customAllocationDefinition: terms.customAllocationDefinition && {
      webhookUrl: terms.customAllocationDefinition.webhookUrl,
      apiVersion: terms.customAllocationDefinition.apiVersion,
    },
    iotHubs: iotHubs && linkedHubs.namesOf(iotHubs),
    reprovisionPolicy: reprovisionPolicy && {
      updateHubAssignment: reprovisionPolicy.updateHubAssignment,
      migrateDeviceData: reprovisionPolicy.migrateDeviceData,
    },
    provisioningStatus: terms.provisioningStatus,
    initialTwin: initialTwin && {
      tags: initialTwin.tags,
      properties: initialTwin.properties && { desired: initialTwin.properties.desired },
    },
    capabilities: terms.capabilities && { iotEdge: terms.capabilities.iotEdge },
  };
}
