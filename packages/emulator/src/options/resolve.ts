import type * as v from 'valibot';
import { checkOptions } from '../schemas/problems';
import { OPTIONS } from './schema';
import type { EmulatorOptions, HubOptions } from './types';

/** A hub's options with their defaults. */
export type ResolvedHub = Readonly<Required<HubOptions>>;

type CheckedOptions = v.InferOutput<typeof OPTIONS>;

/** The options with their defaults. */
export interface ResolvedOptions extends Omit<CheckedOptions, 'hubs' | 'centralApplications'> {
  readonly hubs: readonly ResolvedHub[];
  /** The hubs behind the IoT Central applications. */
  readonly centralHubs: readonly ResolvedHub[];
}

/** Checks the options and completes them with their defaults. @throws InvalidOptionsError listing every problem. */
export function resolveOptions(options: EmulatorOptions): ResolvedOptions {
  const { hubs, centralApplications, ...rest } = checkOptions(OPTIONS, options);
  const { hostName, sharedPorts } = rest;
  const resolve = (hub: CheckedOptions['hubs'][number]): ResolvedHub => {
    // On a shared port, the host name identifies the hub.
    const defaultHostName = sharedPorts.length === 0 ? hostName : `${hub.name}.${hostName}`;
    return { ...hub, hostName: (hub.hostName ?? defaultHostName).toLowerCase() };
  };
  return {
    ...rest,
    hubs: hubs.map(resolve),
    centralHubs: centralApplications.map((name) =>
      resolve({ name, port: 0, allocationWeight: 1, latencyMs: 0 }),
    ),
  };
}
