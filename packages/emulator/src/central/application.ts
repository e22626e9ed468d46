import { Changes } from '../stored/changes';
import { DpsInstance } from '../dps/instance';
import { invalidArgument } from '../protocol/errors';
import type { Hub } from '../hub/hub';
import type { JsonObject } from '../protocol/json';
import type { Persistent } from '../stored/persistent';
import { oneOf, readBoolean, readFields, readObject } from '../stored/read';
import type { UnverifiedBehavior } from '../options/unverified-behavior';
import { DeviceTemplateStore } from './device-templates';
import { CentralDeviceStore } from './devices';
import { CentralEnrollmentGroupStore } from './enrollment-groups';
import type { CentralEmulator } from './types';

const FIRST_REGISTRATIONS = ['assigned', 'fails-once'] as const;

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
    if (!FIRST_REGISTRATIONS.includes(outcome)) {
      throw invalidArgument('firstRegistration must be assigned or fails-once');
    }
    this.#firstRegistration = outcome;
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
    const field = readFields(snapshot, '');
    this.#isAutoApprovalOn = field('isAutoApprovalOn', readBoolean);
    this.#firstRegistration = field('firstRegistration', oneOf(FIRST_REGISTRATIONS));
    field('deviceTemplates', (value, path) => this.deviceTemplates.restore(value, path));
    field('devices', (value, path) => this.devices.restore(value, path));
    field('dps', (value, path) => this.dps.restore(readObject(value, path), path));
  }

  onChange(listener: () => void): void {
    this.#changes.onChange(listener);
  }
}
