import { EmulatorError, SERVICE_ERROR } from '../../protocol/errors';
import { checkIfMatch, type IfMatch } from '../../protocol/etag';
import { normalizeAuthentication } from './authentication';
import type { DeviceRegistry } from './device-registry';
import { checkHubIdentifier } from './identifiers';
import { newIdentityRecord } from './identity';
import type { HubModules, ModuleIdentity, ModuleInit, ModuleUpdate } from './types';

/** IoT Hub: the number of modules of one device. */
const MAX_MODULES = 50;

/** The modules of all devices of one hub. */
export class ModuleRegistry implements HubModules {
  readonly #devices: DeviceRegistry;

  constructor(devices: DeviceRegistry) {
    this.#devices = devices;
  }

  create(init: ModuleInit): ModuleIdentity {
    const { deviceId, authentication = {} } = init;
    const device = this.#devices.require(deviceId);
    const moduleId = checkHubIdentifier(init.moduleId, 'moduleId');
    if (device.modules.has(moduleId)) {
      throw new EmulatorError(
        SERVICE_ERROR.alreadyExists,
        `Device ${deviceId} has a module ${moduleId} already`,
      );
    }
    const record = {
      ...newIdentityRecord(),
      moduleId,
      authentication: normalizeAuthentication(authentication),
    };
    if (device.modules.size >= MAX_MODULES) {
      throw new EmulatorError(
        SERVICE_ERROR.tooManyDevices,
        `Device ${deviceId} has ${MAX_MODULES} modules already`,
      );
    }
    return this.#devices.addModule(device, record).identity();
  }

  get(deviceId: string, moduleId: string): ModuleIdentity | undefined {
    return this.#devices.find(deviceId)?.modules.get(moduleId)?.identity();
  }

  list(deviceId: string): readonly ModuleIdentity[] {
    return [...this.#devices.require(deviceId).modules.values()].map((module) => module.identity());
  }

  update(deviceId: string, moduleId: string, update: ModuleUpdate, options: IfMatch = {}): ModuleIdentity {
    const module = this.#devices.require(deviceId).requireModule(moduleId);
    checkIfMatch(options, module.etag);
    const { authentication } = update;
    if (authentication !== undefined) module.updateAuthentication(normalizeAuthentication(authentication));
    return module.identity();
  }

  delete(deviceId: string, moduleId: string, options: IfMatch = {}): void {
    const device = this.#devices.require(deviceId);
    const module = device.requireModule(moduleId);
    checkIfMatch(options, module.etag);
    this.#devices.deleteModule(device, module);
  }
}
