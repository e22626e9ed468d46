/** What keeps a process alive and would be left behind by something that was not closed. */
function openResources(): Map<string, number> {
  const counts = new Map<string, number>();
  for (const type of process.getActiveResourcesInfo()) counts.set(type, (counts.get(type) ?? 0) + 1);
  return counts;
}

/**
 * Runs something and waits until the sockets and timers that it opened are gone. Fails, naming them, if they are still
 * there after a moment that is long for closing and short for a forgotten timer.
 */
export async function expectNothingLeft(run: () => Promise<void>): Promise<void> {
  const before = openResources();
  await run();
  const deadline = performance.now() + 3_000;
  for (;;) {
    const left = [...openResources()].filter(([type, count]) => count > (before.get(type) ?? 0));
    if (left.length === 0) return;
    if (performance.now() > deadline) {
      throw new Error(`Left behind: ${left.map(([type, count]) => `${type} (${count})`).join(', ')}`);
    }
    await new Promise((resolve) => setImmediate(resolve));
  }
}
