import { setTimeout as sleep } from 'node:timers/promises';
import type { Dice } from './dice';
import { randomEntry } from './twin-section';
import { hubOf, type World } from './world';

/** Telemetry, messages, methods and twin changes until told to stop. */
export async function load(world: World, dice: Dice, signal: AbortSignal): Promise<void> {
  const { devices, ledger } = world;
  while (!signal.aborted) {
    for (const device of devices) {
      const hub = hubOf(world, device);
      const draw = dice.next();
      device.outbox.send(dice);
      if (draw < 0.25) device.twin?.report(dice);
      if (!hub) continue;
      if (draw > 0.85) void ledger.sendToDevice(hub, device.id, dice);
      if (draw > 0.5 && draw < 0.6) void ledger.invokeMethod(hub, device.id, dice);
      if (draw > 0.6 && draw < 0.75) {
        const entry = randomEntry(dice);
        hub.updateDesiredProperties(device.id, draw < 0.68 ? entry : { group: entry });
      }
    }
    await sleep(dice.between(5, 40));
  }
}
