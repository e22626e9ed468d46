import type { EventEmitter } from 'node:events';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { Tally } from './tally';
import type { World } from './world';

/** The listeners by event, which reconnects must not add to. */
export function listenersOf({ devices }: World): string {
  return JSON.stringify(
    devices.flatMap(({ connection }) =>
      [connection.client, connection].map((emitter: EventEmitter) =>
        emitter.eventNames().map((name) => [String(name), emitter.listenerCount(name)]),
      ),
    ),
  );
}

/** The resources that are open now, by type. */
export function openResources(): Tally<string> {
  const open = new Tally<string>();
  for (const type of process.getActiveResourcesInfo()) open.add(type);
  return open;
}

/** The resources that are open now and were not before. Waits a moment for handles that are being closed. */
export async function leftOpen(before: Tally<string>): Promise<string[]> {
  const deadline = performance.now() + 3_000;
  for (;;) {
    const left = [...openResources()].filter(([type, count]) => count > before.count(type));
    if (left.length === 0 || performance.now() > deadline)
      return left.map(([type, count]) => `${type} ${count}`);
    await new Promise((resolve) => setImmediate(resolve));
  }
}

/** The bytes that are in use after all garbage has been collected. */
export function heapUsed(): number {
  setFlagsFromString('--expose-gc');
  // The flag has just added `gc` to new contexts.
  const collect = runInNewContext('gc') as () => void;
  collect();
  collect();
  return process.memoryUsage().heapUsed;
}
