import { exactOptional } from 'valibot';
import { invalidArgument } from '../protocol/errors';
import { object } from '../schemas/objects';
import { must, type Schema } from '../schemas/problems';
import { boolean, pattern, text } from '../schemas/values';
import type { CentralDeviceStatus } from './types';

// IoT Central: no other characters, unlike DPS and IoT Hub.
const DEVICE_ID = /^[A-Za-z0-9-]{1,128}$/;
const ID_RULE = 'must be 1 to 128 letters, digits or dashes';

/** A device of the application. Its status is derived. */
export interface DeviceEntry {
  readonly deviceId: string;
  readonly displayName: string;
  readonly isApproved: boolean;
  readonly isBlocked: boolean;
  /** True if the device has been assigned to the hub. */
  readonly isProvisioned: boolean;
  /** True if the application has failed the device's first registration on purpose. */
  readonly hasFailedOnce: boolean;
  /** Model ID of its template. */
  readonly template?: string;
}

export function isDeviceId(value: string): boolean {
  return DEVICE_ID.test(value);
}

/** A new device. @throws EmulatorError 400004 */
export function newDevice(deviceId: string, displayName: string, isApproved: boolean): DeviceEntry {
  if (!isDeviceId(deviceId)) throw invalidArgument(`deviceId ${ID_RULE}`);
  return {
    deviceId,
    displayName,
    isApproved,
    isBlocked: false,
    isProvisioned: false,
    hasFailedOnce: false,
  };
}

/** The first status that applies. */
export function statusOf(entry: DeviceEntry, hasTemplates: boolean): CentralDeviceStatus {
  if (entry.isBlocked) return 'Blocked';
  if (!entry.isApproved) return 'Unapproved';
  if (!entry.isProvisioned) return 'Registered';
  return hasTemplates && entry.template === undefined ? 'Unassigned' : 'Provisioned';
}

/** A device as it is stored. */
export const STORED_DEVICE: Schema<DeviceEntry> = object({
  deviceId: pattern(DEVICE_ID, must(ID_RULE)),
  displayName: text,
  isApproved: boolean,
  isBlocked: boolean,
  isProvisioned: boolean,
  hasFailedOnce: boolean,
  template: exactOptional(text),
});
