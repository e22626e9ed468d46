import { DeviceError } from 'azure-iot-x509';
import type { HubEmulator } from 'azure-iot-emulator';
import type { ProxiedLink } from '../../test/support/chaos-proxy';
import type { SoakDevice } from './device';
import type { Dice } from './dice';
import { until } from './progress';
import { Tally } from './tally';
import { RECONNECT, SLACK_MS } from './timing';
import { hubOf, type World } from './world';

/** A connection that has been silenced. */
interface Stall {
  /** From the stall to the device's closing of its side, in milliseconds; `undefined` until then. */
  noticedAfter: number | undefined;
}

/** A device, and the hub that it is at. */
interface Placed {
  readonly device: SoakDevice;
  readonly hub: HubEmulator;
}

/** Whom a fault befalls, and what came of all faults. */
export class Chaos {
  readonly world: World;
  readonly dice: Dice;
  /** By the fault's name, and by what it made fail. */
  readonly counts = new Tally<string>();
  readonly stalls: Stall[] = [];
  /** From a hub's return, or the end of a refusal, to the device's being connected, in milliseconds; infinite if it took too long. */
  readonly returns: number[] = [];
  /** By slow uplinks: whether the device closed the connection, though its bytes got through, and the errors of devices then. */
  readonly slowUplinks: { readonly isLost: boolean; readonly errors: readonly string[] }[] = [];
  /** By refusals of a device: the number of its attempts that were refused. */
  readonly refusals: number[] = [];
  /** By refused features: whether telemetry went on, and whether the state `connected` had a warning. */
  readonly refusedFeatures: { readonly hasTelemetry: boolean; readonly isSaid: boolean }[] = [];

  constructor(world: World, dice: Dice) {
    this.world = world;
    this.dice = dice;
  }

  /** A connection that has had the time for its handshake: what befalls one before is covered by the reset of others. */
  link(): ProxiedLink | undefined {
    const old = performance.now() - 300;
    return this.dice.pick(
      this.world.proxies.flatMap(({ links }) => links.filter(({ since }) => since < old)),
    );
  }

  /** Any device that is known to a hub. */
  placed(): Placed | undefined {
    const device = this.dice.pick(this.world.devices);
    const hub = device && hubOf(this.world, device);
    return hub && { device, hub };
  }

  /** Any device that is known to a hub, and a hub to move to. */
  movable(): (Placed & { readonly next: HubEmulator }) | undefined {
    const placed = this.placed();
    const next = this.world.hubs.find((hub) => hub !== placed?.hub);
    return placed && next && { ...placed, next };
  }

  /** Waits for what may fail, and counts it if it does. */
  async countFailure(failure: string, promise: Promise<unknown>): Promise<void> {
    try {
      await promise;
    } catch (error) {
      this.counts.add(`${failure}: ${error instanceof DeviceError ? error.code : String(error)}`);
    }
  }

  /** Measures how long devices take to be connected that now can. */
  async timeReturn(devices: readonly SoakDevice[]): Promise<void> {
    const since = performance.now();
    await Promise.all(
      devices.map(async (device) => {
        const isBack = await until(() => device.isConnected, RECONNECT.maxDelayMs + 5 * SLACK_MS);
        this.returns.push(isBack ? performance.now() - since : Infinity);
      }),
    );
  }
}

/** Has something befall the target; answers whether there is one. */
export async function befall<T>(target: T | undefined, act: (target: T) => unknown): Promise<boolean> {
  if (target === undefined) return false;
  await act(target);
  return true;
}
