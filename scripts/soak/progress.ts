import { EventEmitter } from 'node:events';

/** Whatever is waited for says so here. */
const progress = new EventEmitter().setMaxListeners(0);

/** Makes everyone who waits in {@link until} look again. */
export function happened(): void {
  progress.emit('progress');
}

/** Waits for a condition, looking again whenever something has happened. Answers whether it came true in time. */
export async function until(condition: () => boolean, timeoutMs: number): Promise<boolean> {
  if (condition()) return true;
  return new Promise((resolve) => {
    const settle = (result: boolean): void => {
      clearTimeout(timer);
      progress.off('progress', look);
      resolve(result);
    };
    const look = (): void => {
      if (condition()) settle(true);
    };
    const timer = setTimeout(() => settle(condition()), timeoutMs);
    progress.on('progress', look);
  });
}
