import { coldGroup } from './groups/cold';
import { fleetGroup } from './groups/fleet';
import { importGroup } from './groups/import';
import { memoryGroup } from './groups/memory';
import { recoveryGroup } from './groups/recovery';
import { telemetryGroup } from './groups/telemetry';
import { throughputGroup } from './groups/throughput';
import { warmGroup } from './groups/warm';
import type { Group } from './harness/group';

/** In the order in which they run. */
export const GROUPS: readonly Group[] = [
  importGroup,
  coldGroup,
  warmGroup,
  telemetryGroup,
  memoryGroup,
  recoveryGroup,
  fleetGroup,
  throughputGroup,
];
