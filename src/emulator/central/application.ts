import { DpsInstance } from '../dps/instance';
import type { Hub } from '../hub/hub';
import type { UnverifiedBehavior } from '../unverified-behavior';
import { CentralDeviceStore } from './devices';
import { CentralEnrollmentGroupStore } from './enrollment-groups';
import type { CentralEmulator } from './types';

/** An IoT Central application: a DPS instance and a hub of its own, with the application's rules on top. */
export class CentralApplication implements CentralEmulator {
  readonly idScope: string;
  readonly hub: Hub;
  readonly devices: CentralDeviceStore;
  readonly enrollmentGroups: CentralEnrollmentGroupStore;
  readonly dps: DpsInstance;
  isAutoApprovalOn = true;

  constructor(idScope: string, hub: Hub, unverifiedBehavior: UnverifiedBehavior) {
    this.idScope = idScope;
    this.hub = hub;
    this.dps = new DpsInstance({
      idScope,
      linkedHubs: [hub],
      unverifiedBehavior,
      allocate: ({ registrationId }) => this.devices.admit(registrationId, this.isAutoApprovalOn),
    });
    this.devices = new CentralDeviceStore(this.dps, hub);
    this.enrollmentGroups = new CentralEnrollmentGroupStore(this.dps);
  }
}
