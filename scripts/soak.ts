import { main } from './soak/command-line';

/* Devices under load, and a network, hubs and operators that misbehave at random; afterwards everything is accounted for. */

export type { HubKind } from './soak/options';
export { formatReport } from './soak/report';
export { runSoak } from './soak/run';

if (require.main === module) void main();
