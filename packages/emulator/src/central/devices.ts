import { commonName, readCertificate } from '../authorities/x509';
import type { AllocationFailure, AllocationRequest, AllocationResult } from '../dps/allocation/policies';
import type { DpsInstance } from '../dps/instance';
import type { Hub } from '../hub/hub';
import { EmulatorError, invalidArgument, SERVICE_ERROR } from '../protocol/errors';
import { isJsonObject, toJson, type JsonObject, type JsonValue } from '../protocol/json';
import { listOf } from '../schemas/values';
import { readStored } from '../stored/stored-value';
import { isDeviceId, newDevice, statusOf, STORED_DEVICE, type DeviceEntry } from './device';
import type { DeviceTemplateStore } from './device-templates';
import type { CentralDevice, CentralDeviceCertificates, CentralDeviceInit, CentralDevices } from './types';

const STORED = listOf(STORED_DEVICE);

/** The refusal of IoT Central for a device that waits for an approval, or is blocked. */
const NOT_ADMITTED: AllocationFailure = {
  errorCode: 400209,
  errorMessage: 'The device is not approved, or it is blocked.',
};

/** The failure for a device that the application cannot admit. IoT Central uses custom allocation. */
function notAllocated(status: number): AllocationFailure {
  return { errorCode: 400207, errorMessage: `Custom allocation failed with status code: ${status}` };
}

/** The settings by which devices are admitted. */
export interface AdmissionSettings {
  readonly isAutoApprovalOn: boolean;
  readonly firstRegistration: 'assigned' | 'fails-once';
}

/** The surroundings of the store. */
interface CentralDeviceStoreInit {
  readonly dps: DpsInstance;
  readonly hub: Hub;
  readonly templates: DeviceTemplateStore;
  readonly onChange: () => void;
}

/** The application's devices, and their admission. */
export class CentralDeviceStore implements CentralDevices {
  readonly #init: CentralDeviceStoreInit;
  readonly #entries = new Map<string, DeviceEntry>();

  constructor(init: CentralDeviceStoreInit) {
    this.#init = init;
    // IoT Central: a device may announce its model to the hub instead of to DPS.
    init.hub.on('deviceConnected', ({ deviceId, moduleId }) => {
      if (moduleId === undefined) this.#announced(deviceId, init.hub.devices.get(deviceId)?.modelId);
    });
  }

  create({ deviceId, displayName = deviceId, template }: CentralDeviceInit): CentralDevice {
    const entry = newDevice(deviceId, displayName, true);
    if (template !== undefined) this.#init.templates.require(template);
    if (this.#find(deviceId) !== undefined) {
      throw new EmulatorError(SERVICE_ERROR.alreadyExists, `Device ${deviceId} exists already`);
    }
    return this.#store(template === undefined ? entry : { ...entry, template });
  }

  attest(deviceId: string, certificates: CentralDeviceCertificates): CentralDevice {
    const entry = this.#require(deviceId);
    for (const parameter of ['primaryCertificate', 'secondaryCertificate'] as const) {
      const name = commonName(readCertificate(certificates[parameter], parameter));
      if (name?.toLowerCase() === entry.deviceId.toLowerCase()) continue;
      throw invalidArgument(
        `The common name of ${parameter} is ${name ?? 'missing'} and not the device ID ${entry.deviceId}`,
      );
    }
    const { individualEnrollments } = this.#init.dps;
    if (individualEnrollments.get(entry.deviceId) === undefined) {
      individualEnrollments.create({ registrationId: entry.deviceId, ...certificates });
    } else {
      individualEnrollments.update(entry.deviceId, { ...certificates });
    }
    return this.#describe(entry);
  }

  get(deviceId: string): CentralDevice | undefined {
    const entry = this.#find(deviceId);
    return entry && this.#describe(entry);
  }

  list(): readonly CentralDevice[] {
    return [...this.#entries.values()].map((entry) => this.#describe(entry));
  }

  delete(deviceId: string): void {
    const { deviceId: id } = this.#require(deviceId);
    const { dps, hub, onChange } = this.#init;
    const { individualEnrollments, registrations } = dps;
    this.#entries.delete(id.toLowerCase());
    if (individualEnrollments.get(id) !== undefined) individualEnrollments.delete(id);
    if (registrations.get(id) !== undefined) registrations.delete(id);
    if (hub.devices.get(id) !== undefined) hub.devices.delete(id);
    onChange();
  }

  block(deviceId: string): CentralDevice {
    const entry = this.#require(deviceId);
    const { devices } = this.#init.hub;
    if (devices.get(entry.deviceId) !== undefined) devices.disable(entry.deviceId);
    return this.#store({ ...entry, isBlocked: true });
  }

  unblock(deviceId: string): CentralDevice {
    const entry = this.#require(deviceId);
    const { devices } = this.#init.hub;
    if (devices.get(entry.deviceId) !== undefined) devices.enable(entry.deviceId);
    return this.#store({ ...entry, isBlocked: false });
  }

  approve(deviceId: string): CentralDevice {
    return this.#store({ ...this.#require(deviceId), isApproved: true });
  }

  assignTemplate(deviceId: string, modelId: string): CentralDevice {
    const entry = this.#require(deviceId);
    return this.#store({ ...entry, template: this.#init.templates.require(modelId).modelId });
  }

  /** The ID of a device that has the template. */
  userOf(modelId: string): string | undefined {
    return [...this.#entries.values()].find(({ template }) => template === modelId)?.deviceId;
  }

  /** Admits a device that DPS has attested, or returns the failure. */
  admit({ registrationId, payload }: AllocationRequest, settings: AdmissionSettings): AllocationResult {
    const known = this.#find(registrationId);
    if (known === undefined && !isDeviceId(registrationId)) return notAllocated(400);
    const entry = known ?? newDevice(registrationId, registrationId, settings.isAutoApprovalOn);
    if (entry.isBlocked || !entry.isApproved) {
      this.#store(entry);
      return NOT_ADMITTED;
    }
    if (settings.firstRegistration === 'fails-once' && !entry.isProvisioned && !entry.hasFailedOnce) {
      this.#store({ ...entry, hasFailedOnce: true });
      return notAllocated(404);
    }
    this.#store({ ...entry, isProvisioned: true });
    const modelId = isJsonObject(payload) ? payload['modelId'] : undefined;
    if (typeof modelId === 'string') this.#announced(registrationId, modelId);
    return { hub: this.#init.hub };
  }

  snapshot(): readonly JsonObject[] {
    return [...this.#entries.values()].map(toJson);
  }

  restore(value: JsonValue | undefined, path: string): void {
    const entries = readStored(STORED, value, path);
    this.#entries.clear();
    for (const entry of entries) this.#entries.set(entry.deviceId.toLowerCase(), entry);
  }

  /** IoT Central: a device without a template gets the one of the model that it announces, if there is one. */
  #announced(deviceId: string, modelId: string | undefined): void {
    const entry = this.#find(deviceId);
    if (entry === undefined || entry.template !== undefined || modelId === undefined) return;
    const template = this.#init.templates.get(modelId);
    if (template !== undefined) this.#store({ ...entry, template: template.modelId });
  }

  #describe(entry: DeviceEntry): CentralDevice {
    const { deviceId, displayName, template } = entry;
    const { dps, templates } = this.#init;
    return {
      deviceId,
      displayName,
      status: statusOf(entry, !templates.isEmpty),
      hasIndividualEnrollment: dps.individualEnrollments.get(deviceId) !== undefined,
      ...(template !== undefined && { template }),
    };
  }

  #find(deviceId: string): DeviceEntry | undefined {
    return this.#entries.get(deviceId.toLowerCase());
  }

  #require(deviceId: string): DeviceEntry {
    const entry = this.#find(deviceId);
    if (entry !== undefined) return entry;
    throw new EmulatorError(SERVICE_ERROR.deviceNotFound, `There is no device ${deviceId}`);
  }

  #store(entry: DeviceEntry): CentralDevice {
    this.#entries.set(entry.deviceId.toLowerCase(), entry);
    this.#init.onChange();
    return this.#describe(entry);
  }
}
