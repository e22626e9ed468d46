import { createHash } from 'node:crypto';
import type { LinkedHub } from '../../hub/linked-hub';

/** A pseudo-random number above 0 and below 1 that depends only on the texts. */
function drawn(...texts: readonly string[]): number {
  const digest = createHash('sha256').update(texts.join('\0')).digest();
  return (digest.readUIntBE(0, 6) + 0.5) / 2 ** 48;
}

/**
 * Weighted rendezvous hashing: every hub has a score for the device, and the highest score wins. Hubs get shares in
 * proportion to their weights. A new hub takes its share evenly from the others, and no device moves between those.
 */
export function highestBid(registrationId: string, hubs: readonly LinkedHub[]): LinkedHub | undefined {
  let best: { readonly hub: LinkedHub; readonly bid: number } | undefined;
  for (const hub of hubs) {
    // The score depends on the hub's name. The port in the host name differs from one start to the next.
    const bid = -hub.allocationWeight / Math.log(drawn(hub.name, registrationId.toLowerCase()));
    if (best === undefined || bid > best.bid) best = { hub, bid };
  }
  return best?.hub;
}
