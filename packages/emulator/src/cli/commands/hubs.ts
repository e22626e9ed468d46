import { EmulatorError, type Emulator, type HubEmulator } from '../../index';

/** Every hub, those behind IoT Central included. */
export function allHubs(emulator: Emulator): readonly HubEmulator[] {
  return [...emulator.hubs, ...emulator.centralApplications.map(({ hub }) => hub)];
}

/**
 * The hub that has the device.
 *
 * @param name the hub that was asked for
 * @throws EmulatorError 404001 when there is none, 400004 when there are several
 */
export function hubOf(emulator: Emulator, deviceId: string, name: string | undefined): HubEmulator {
  const hubs = allHubs(emulator).filter((hub) => name === undefined || hub.name === name);
  const [found, other] = hubs.filter((hub) => hub.devices.get(deviceId) !== undefined);
  if (found === undefined) {
    const where = name === undefined ? '' : ` at ${name}`;
    throw new EmulatorError(404001, `There is no device ${deviceId}${where}.`);
  }
  if (other === undefined) return found;
  const message = `Both ${found.name} and ${other.name} have a device ${deviceId}. Give --hub.`;
  throw new EmulatorError(400004, message);
}
