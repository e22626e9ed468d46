import type { DisconnectReason } from '../../devices/mqtt/client';
import { EmulatorError, invalidArgument, SERVICE_ERROR } from '../../protocol/errors';
import { checkIfMatch, type IfMatch } from '../../protocol/etag';
import { normalizeAuthentication } from './authentication';
import { Device, type DeviceRecord, type DeviceSurroundings } from './device';
import { checkHubIdentifier, checkStatusReason } from './identifiers';
import { newIdentityRecord, type Identity, type StatusRecord } from './identity';
import type { Module, ModuleRecord } from './module';
import type { DeviceIdentity, DeviceInit, DeviceStatus, DeviceUpdate, HubDevices, HubTarget } from './types';

/** IoT Hub: the number of devices and modules together. */
const MAX_IDENTITIES = 1_000_000;

/** Callers in JavaScript may pass any status. @throws EmulatorError 400004 */
function checkStatus(status: string): DeviceStatus {
  if (status === 'enabled' || status === 'disabled') return status;
  throw invalidArgument('status is neither enabled nor disabled');
}

/** @throws EmulatorError 400004 */
function readStatus(
  status: DeviceStatus,
  statusReason: string | undefined,
): Omit<StatusRecord, 'statusUpdatedTime'> {
  return {
    status: checkStatus(status),
    ...(statusReason !== undefined && { statusReason: checkStatusReason(statusReason) }),
  };
}

/** The devices of one hub. */
export class DeviceRegistry implements HubDevices {
  readonly #devices = new Map<string, Device>();
  readonly #surroundings: DeviceSurroundings;
  readonly #maxIdentities: number;
  #moduleCount = 0;

  /** @param maxIdentities - the largest number of devices and modules together. */
  constructor(surroundings: DeviceSurroundings, maxIdentities = MAX_IDENTITIES) {
    this.#surroundings = surroundings;
    this.#maxIdentities = maxIdentities;
  }

  create(init: DeviceInit): DeviceIdentity {
    const { status = 'enabled', statusReason, authentication = {} } = init;
    const deviceId = checkHubIdentifier(init.deviceId, 'deviceId');
    if (this.#devices.has(deviceId)) {
      throw new EmulatorError(SERVICE_ERROR.alreadyExists, `Device ${deviceId} exists already`);
    }
    const record: DeviceRecord = {
      ...newIdentityRecord(),
      deviceId,
      authentication: normalizeAuthentication(authentication),
      ...readStatus(status, statusReason),
      cloudToDeviceMessages: [],
      modules: [],
    };
    this.#checkRoom();
    const device = new Device(record, this.#surroundings);
    this.#devices.set(deviceId, device);
    this.#surroundings.changed();
    return device.identity();
  }

  get(deviceId: string): DeviceIdentity | undefined {
    return this.find(deviceId)?.identity();
  }

  list(): readonly DeviceIdentity[] {
    return [...this.#devices.values()].map((device) => device.identity());
  }

  update(deviceId: string, update: DeviceUpdate, options: IfMatch = {}): DeviceIdentity {
    const device = this.require(deviceId);
    checkIfMatch(options, device.etag);
    const { status, statusReason } = update;
    const authentication = update.authentication && normalizeAuthentication(update.authentication);
    const isStatusGiven = status !== undefined || statusReason !== undefined;
    const next =
      isStatusGiven && readStatus(status ?? device.status.status, statusReason ?? device.status.statusReason);
    if (authentication !== undefined) device.updateAuthentication(authentication);
    if (next) device.updateStatus(next);
    return device.identity();
  }

  delete(deviceId: string, options: IfMatch = {}): void {
    const device = this.require(deviceId);
    checkIfMatch(options, device.etag);
    this.#devices.delete(deviceId);
    this.#moduleCount -= device.modules.size;
    device.delete();
    this.#surroundings.changed();
  }

  enable(deviceId: string, statusReason?: string): DeviceIdentity {
    return this.update(deviceId, { status: 'enabled', ...(statusReason !== undefined && { statusReason }) });
  }

  disable(deviceId: string, statusReason?: string): DeviceIdentity {
    return this.update(deviceId, { status: 'disabled', ...(statusReason !== undefined && { statusReason }) });
  }

  find(deviceId: string): Device | undefined {
    return this.#devices.get(deviceId);
  }

  /** The device or module by its ClientId in CONNECT. */
  findClient(clientId: string): Identity | undefined {
    const [deviceId = '', moduleId] = clientId.split('/');
    const device = this.find(deviceId);
    const identity = moduleId === undefined ? device : device?.modules.get(moduleId);
    return identity?.clientId === clientId ? identity : undefined;
  }

  /** @throws EmulatorError 404001 */
  require(deviceId: string): Device {
    const device = this.#devices.get(deviceId);
    if (device !== undefined) return device;
    throw new EmulatorError(SERVICE_ERROR.deviceNotFound, `There is no device ${deviceId}`);
  }

  /** @throws EmulatorError 404001, 404010 */
  requireTarget(target: HubTarget): Identity {
    const { deviceId, moduleId } = typeof target === 'string' ? { deviceId: target } : target;
    const device = this.require(deviceId);
    if (moduleId === undefined) return device;
    return device.requireModule(moduleId);
  }

  /** @throws EmulatorError 413002 */
  addModule(device: Device, record: ModuleRecord): Module {
    this.#checkRoom();
    const module = device.addModule(record);
    this.#moduleCount++;
    this.#surroundings.changed();
    return module;
  }

  deleteModule(device: Device, module: Module): void {
    device.deleteModule(module);
    this.#moduleCount--;
    this.#surroundings.changed();
  }

  get records(): readonly DeviceRecord[] {
    return [...this.#devices.values()].map(({ record }) => record);
  }

  /** Replaces all devices. */
  restore(records: readonly DeviceRecord[]): void {
    for (const device of this.#devices.values()) device.close();
    this.#devices.clear();
    for (const record of records) {
      this.#devices.set(record.deviceId, new Device(record, this.#surroundings));
    }
    this.#moduleCount = records.reduce((count, { modules }) => count + modules.length, 0);
  }

  disconnectAll(reason: DisconnectReason): void {
    for (const device of this.#devices.values()) device.disconnectAll(reason);
  }

  dispose(): void {
    for (const device of this.#devices.values()) device.close();
  }

  #checkRoom(): void {
    if (this.#devices.size + this.#moduleCount < this.#maxIdentities) return;
    throw new EmulatorError(
      SERVICE_ERROR.tooManyDevices,
      `There are ${this.#maxIdentities} devices and modules already`,
    );
  }
}
