import { Identity, type IdentityRecord, type StatusRecord } from './identity';
import type { ModuleIdentity } from './types';

/** The stored part of a module. */
export interface ModuleRecord extends IdentityRecord {
  readonly moduleId: string;
}

/** A module of a device. */
export class Module extends Identity {
  readonly #moduleId: string;
  readonly #deviceStatus: () => StatusRecord;

  constructor(record: ModuleRecord, deviceId: string, deviceStatus: () => StatusRecord, changed: () => void) {
    super(deviceId, record.moduleId, record, changed);
    this.#moduleId = record.moduleId;
    this.#deviceStatus = deviceStatus;
  }

  override get status(): StatusRecord {
    return this.#deviceStatus();
  }

  override get record(): ModuleRecord {
    return { moduleId: this.#moduleId, ...super.record };
  }

  identity(): ModuleIdentity {
    return { ...this.properties, moduleId: this.#moduleId };
  }
}
