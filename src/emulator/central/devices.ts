import { commonName, readCertificate } from '../certificate-input';
import type { AllocationResult } from '../dps/allocation';
import type { DpsInstance } from '../dps/instance';
import { EmulatorError, invalidArgument, SERVICE_ERROR } from '../errors';
import type { Hub } from '../hub/hub';
import type { CentralDevice, CentralDeviceCertificates, CentralDeviceInit, CentralDevices } from './types';

// IoT Central: nothing else than these, unlike DPS and IoT Hub.
const DEVICE_ID = /^[A-Za-z0-9-]{1,128}$/;

type Entry = Omit<CentralDevice, 'hasIndividualEnrollment'>;

/** IoT Central: the device waits for an approval, or is blocked. */
const NOT_ADMITTED = { errorCode: 400209, errorMessage: 'The device is not approved, or it is blocked.' };
/** What custom allocation, which IoT Central is built on, makes of a device that the application cannot take. */
const NOT_A_DEVICE_ID = { errorCode: 400207, errorMessage: 'Custom allocation failed with status code: 400' };

/** The application's devices, and who among them is let in. */
export class CentralDeviceStore implements CentralDevices {
  readonly #dps: DpsInstance;
  readonly #hub: Hub;
  readonly #entries = new Map<string, Entry>();

  constructor(dps: DpsInstance, hub: Hub) {
    this.#dps = dps;
    this.#hub = hub;
  }

  create({ deviceId, displayName = deviceId }: CentralDeviceInit): CentralDevice {
    if (!DEVICE_ID.test(deviceId)) {
      throw invalidArgument('deviceId must be 1 to 128 letters, digits or dashes');
    }
    if (this.#entries.has(deviceId.toLowerCase())) {
      throw new EmulatorError(SERVICE_ERROR.alreadyExists, `Device ${deviceId} exists already`);
    }
    return this.#store({ deviceId, displayName, status: 'Registered' });
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
    const { individualEnrollments } = this.#dps;
    if (individualEnrollments.get(entry.deviceId) === undefined) {
      individualEnrollments.create({ registrationId: entry.deviceId, ...certificates });
    } else {
      individualEnrollments.update(entry.deviceId, { ...certificates });
    }
    return this.#describe(entry);
  }

  get(deviceId: string): CentralDevice | undefined {
    const entry = this.#entries.get(deviceId.toLowerCase());
    return entry && this.#describe(entry);
  }

  list(): readonly CentralDevice[] {
    return [...this.#entries.values()].map((entry) => this.#describe(entry));
  }

  delete(deviceId: string): void {
    const { deviceId: id } = this.#require(deviceId);
    const { individualEnrollments, registrations } = this.#dps;
    this.#entries.delete(id.toLowerCase());
    if (individualEnrollments.get(id) !== undefined) individualEnrollments.delete(id);
    if (registrations.get(id) !== undefined) registrations.delete(id);
    if (this.#hub.devices.get(id) !== undefined) this.#hub.devices.delete(id);
  }

  block(deviceId: string): CentralDevice {
    const entry = this.#require(deviceId);
    if (this.#hub.devices.get(entry.deviceId) !== undefined) this.#hub.devices.disable(entry.deviceId);
    return this.#store({ ...entry, status: 'Blocked' });
  }

  unblock(deviceId: string): CentralDevice {
    const entry = this.#require(deviceId);
    const isKnownAtHub = this.#hub.devices.get(entry.deviceId) !== undefined;
    if (isKnownAtHub) this.#hub.devices.enable(entry.deviceId);
    return this.#store({ ...entry, status: isKnownAtHub ? 'Provisioned' : 'Registered' });
  }

  approve(deviceId: string): CentralDevice {
    const entry = this.#require(deviceId);
    return this.#store(entry.status === 'Unapproved' ? { ...entry, status: 'Registered' } : entry);
  }

  /** Takes in a device that DPS has attested, or says why not. */
  admit(registrationId: string, isAutoApprovalOn: boolean): AllocationResult {
    const known = this.#entries.get(registrationId.toLowerCase());
    if (known === undefined && !DEVICE_ID.test(registrationId)) return NOT_A_DEVICE_ID;
    const entry = known ?? {
      deviceId: registrationId,
      displayName: registrationId,
      status: isAutoApprovalOn ? ('Registered' as const) : ('Unapproved' as const),
    };
    if (entry.status === 'Blocked' || entry.status === 'Unapproved') {
      this.#store(entry);
      return NOT_ADMITTED;
    }
    this.#store({ ...entry, status: 'Provisioned' });
    return { hub: this.#hub };
  }

  #describe(entry: Entry): CentralDevice {
    const enrollment = this.#dps.individualEnrollments.get(entry.deviceId);
    return { ...entry, hasIndividualEnrollment: enrollment !== undefined };
  }

  #require(deviceId: string): Entry {
    const entry = this.#entries.get(deviceId.toLowerCase());
    if (entry !== undefined) return entry;
    throw new EmulatorError(SERVICE_ERROR.deviceNotFound, `There is no device ${deviceId}`);
  }

  #store(entry: Entry): CentralDevice {
    this.#entries.set(entry.deviceId.toLowerCase(), entry);
    return this.#describe(entry);
  }
}
