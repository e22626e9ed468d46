import type { Device } from './device';
import { Identity, type IdentityRecord, type StatusRecord } from './identity';
import type { ModuleIdentity } from './types';

/** What of a module outlives the emulator. */
export interface ModuleRecord extends IdentityRecord {
  readonly moduleId: string;
}

/** A module of a device. */
export class Module extends Identity {
  readonly #moduleId: string;
  readonly #device: Device;

  constructor(record: ModuleRecord, device: Device, changed: () => void) {
    super(record, changed);
    this.#moduleId = record.moduleId;
    this.#device = device;
  }

  override get status(): StatusRecord {
    return this.#device.status;
  }

  override get record(): ModuleRecord {
    return { ...super.record, moduleId: this.#moduleId };
  }

  identity(): ModuleIdentity {
    return { ...this.properties, moduleId: this.#moduleId };
  }
}
