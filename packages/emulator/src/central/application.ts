import { DpsInstance } from '../dps/instance';
import type { Hub } from '../hub/hub';
import type { UnverifiedBehavior } from '../options/unverified-behavior';
import type { JsonObject } from '../protocol/json';
import { checkArgument } from '../schemas/argument';
import { jsonObject, object } from '../schemas/objects';
import { boolean, oneOf } from '../schemas/values';
import { Changes } from '../stored/changes';
import type { Persistent } from '../stored/persistent';
import { readStored } from '../stored/stored-value';
import { DeviceTemplateStore } from './device-templates';
import { CentralDeviceStore } from './devices';
import { CentralEnrollmentGroupStore } from './enrollment-groups';
import type { CentralEmulator } from './types';

const FIRST_REGISTRATION = oneOf(['assigned', 'fails-once']);
const STORED = object({ isAutoApprovalOn: boolean, firstRegistration: FIRST_REGISTRATION, dps: jsonObject });

/** An IoT Central application: a DPS instance and a hub of its own, with the application's rules on top. */
export class CentralApplication implements CentralEmulator, Persistent {
  readonly idScope: string;
  readonly hub: Hub;
  readonly deviceTemplates: DeviceTemplateStore;
  readonly devices: CentralDeviceStore;
  readonly enrollmentGroups: CentralEnrollmentGroupStore;
  readonly dps: DpsInstance;
  readonly #changes = new Changes();
  #isAutoApprovalOn = true;
  #firstRegistration: CentralEmulator['firstRegistration'] = 'assigned';

  constructor(idScope: string, hub: Hub, unverifiedBehavior: UnverifiedBehavior) {
    const onChange = this.#changes.announce;
    this.idScope = idScope;
    this.hub = hub;
    this.dps = new DpsInstance({
      idScope,
      linkedHubs: [hub],
      unverifiedBehavior,
      allocate: (request) => this.devices.admit(request, this),
    });
    this.dps.onChange(onChange);
    this.deviceTemplates = new DeviceTemplateStore({
      userOf: (modelId) => this.devices.userOf(modelId),
      onChange,
    });
    this.devices = new CentralDeviceStore({ dps: this.dps, hub, templates: this.deviceTemplates, onChange });
    this.enrollmentGroups = new CentralEnrollmentGroupStore(this.dps);
  }

  get isAutoApprovalOn(): boolean {
    return this.#isAutoApprovalOn;
  }

  set isAutoApprovalOn(isOn: boolean) {
    this.#isAutoApprovalOn = isOn;
    this.#changes.announce();
  }

  get firstRegistration(): CentralEmulator['firstRegistration'] {
    return this.#firstRegistration;
  }

  set firstRegistration(outcome: CentralEmulator['firstRegistration']) {
    this.#firstRegistration = checkArgument(FIRST_REGISTRATION, outcome, 'firstRegistration');
    this.#changes.announce();
  }

  snapshot(): JsonObject {
    return {
      isAutoApprovalOn: this.#isAutoApprovalOn,
      firstRegistration: this.#firstRegistration,
      deviceTemplates: this.deviceTemplates.snapshot(),
      devices: this.devices.snapshot(),
      dps: this.dps.snapshot(),
    };
  }

  restore(snapshot: JsonObject): void {
    const { isAutoApprovalOn, firstRegistration, dps } = readStored(STORED, snapshot);
    this.#isAutoApprovalOn = isAutoApprovalOn;
    this.#firstRegistration = firstRegistration;
    this.deviceTemplates.restore(snapshot['deviceTemplates'], 'deviceTemplates');
    this.devices.restore(snapshot['devices'], 'devices');
    this.dps.restore(dps, 'dps');
  }

  onChange(listener: () => void): void {
    this.#changes.onChange(listener);
  }
}
