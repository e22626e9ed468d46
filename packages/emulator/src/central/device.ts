import { invalidArgument } from '../protocol/errors';
import { toJson, type JsonObject } from '../protocol/json';
import { checkedAt, optional, readBoolean, readFields, readString, type Read } from '../stored/read';
import type { CentralDeviceStatus } from './types';

// IoT Central: nothing else than these, unlike DPS and IoT Hub.
const DEVICE_ID = /^[A-Za-z0-9-]{1,128}$/;

/** What the application remembers of a device; what it shows is derived from that. */
export interface DeviceEntry {
  readonly deviceId: string;
  readonly displayName: string;
  readonly isApproved: boolean;
  readonly isBlocked: boolean;
  /** Whether it has been assigned to the hub. */
  readonly isProvisioned: boolean;
  /** Whether its first registration has been failed on purpose. */
  readonly hasFailedOnce: boolean;
  /** Model ID of its template. */
  readonly template?: string;
}

export function isDeviceId(value: string): boolean {
  return DEVICE_ID.test(value);
}

/** A device that nothing has happened to. @throws EmulatorError 400004 */
export function newDevice(deviceId: string, displayName: string, isApproved: boolean): DeviceEntry {
  if (!isDeviceId(deviceId)) throw invalidArgument('deviceId must be 1 to 128 letters, digits or dashes');
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

export function storedDevice(entry: DeviceEntry): JsonObject {
  return toJson(entry);
}

/** Reads what {@link storedDevice} has written. */
export const readStoredDevice: Read<DeviceEntry> = (value, path) => {
  const field = readFields(value, path);
  const deviceId = field('deviceId', readString);
  const isApproved = field('isApproved', readBoolean);
  const template = field('template', optional(readString));
  return {
    ...checkedAt(path, () => newDevice(deviceId, field('displayName', readString), isApproved)),
    isBlocked: field('isBlocked', readBoolean),
    isProvisioned: field('isProvisioned', readBoolean),
    hasFailedOnce: field('hasFailedOnce', readBoolean),
    ...(template !== undefined && { template }),
  };
};
