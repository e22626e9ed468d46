import { DeviceError } from 'azure-iot-x509';
import type { HubEmulator } from 'azure-iot-emulator';
import type { ProxiedLink } from '../../test/support/chaos-proxy';
import type { SoakDevice } from './device';
import type { Dice } from './dice';
import { Tally } from './tally';
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
  /** From the hub's return to the device's being connected, in milliseconds; infinite if it took too long. */
  readonly returns: number[] = [];

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
    const next = this.world.emulator.hubs.find((hub) => hub !== placed?.hub);
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
}
