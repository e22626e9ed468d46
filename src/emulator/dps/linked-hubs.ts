import { invalidArgument } from '../errors';
import type { LinkedHub } from './allocation';
import type { EnrollmentAllocation, EnrollmentAllocationInit } from './types';

/** The hubs of a DPS instance. */
export class LinkedHubs {
  readonly all: readonly LinkedHub[];

  constructor(hubs: readonly LinkedHub[]) {
    this.all = hubs;
  }

  /** The hub of that host name, or of that name. Host names are compared without case. */
  find(nameOrHostName: string | undefined): LinkedHub | undefined {
    const hostName = nameOrHostName?.toLowerCase();
    return this.all.find((hub) => hub.hostName === hostName || hub.name === nameOrHostName);
  }

  /** Those that an enrollment allows. */
  allowedBy({ iotHubs }: Pick<EnrollmentAllocation, 'iotHubs'>): readonly LinkedHub[] {
    if (iotHubs === undefined) return this.all;
    return this.all.filter(({ hostName }) => iotHubs.includes(hostName));
  }
}

type Given = {
  readonly [Name in keyof EnrollmentAllocationInit]: EnrollmentAllocationInit[Name] | undefined;
};

/** Reads what an enrollment says about hubs, with its defaults. @throws EmulatorError 400004 for a hub that is not linked */
export function readAllocation(
  { iotHubs = [], reprovisionPolicy }: Given,
  linkedHubs: LinkedHubs,
): EnrollmentAllocation {
  const hostNames = iotHubs.map((name) => {
    const hub = linkedHubs.find(name);
    if (hub === undefined) throw invalidArgument(`iotHubs names ${name}, which is not a linked hub`);
    return hub.hostName;
  });
  return {
    // DPS: a list that was left empty stands for all linked hubs.
    ...(hostNames.length > 0 && { iotHubs: [...new Set(hostNames)] }),
    reprovisionPolicy: {
      updateHubAssignment: reprovisionPolicy?.updateHubAssignment ?? true,
      migrateDeviceData: reprovisionPolicy?.migrateDeviceData ?? true,
    },
  };
}
