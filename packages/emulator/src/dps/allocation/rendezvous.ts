import { createHash } from 'node:crypto';
import type { LinkedHub } from '../../hub/linked-hub';

/** A number above 0 and below 1 that the texts determine and nothing can predict. */
function drawn(...texts: readonly string[]): number {
  const digest = createHash('sha256').update(texts.join('\0')).digest();
  return (digest.readUIntBE(0, 6) + 0.5) / 2 ** 48;
}

/**
 * Weighted rendezvous hashing: every hub bids for the device, and the highest bid wins. Hubs get shares in proportion to
 * their weights; one that is added takes its share evenly from the others, and nothing moves between those.
 */
export function highestBid(registrationId: string, hubs: readonly LinkedHub[]): LinkedHub | undefined {
  let best: { readonly hub: LinkedHub; readonly bid: number } | undefined;
  for (const hub of hubs) {
    // By the hub's name and not its host name, because ports differ from one start of the emulator to the next.
    const bid = -hub.allocationWeight / Math.log(drawn(hub.name, registrationId.toLowerCase()));
    if (best === undefined || bid > best.bid) best = { hub, bid };
  }
  return best?.hub;
}
