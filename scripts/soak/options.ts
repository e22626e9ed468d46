/** What the devices connect to: the emulator's hubs, or mosquitto. In both cases the emulator's DPS assigns them. */
export const HUB_KINDS = ['emulator', 'mosquitto'] as const;

/** One of {@link HUB_KINDS}. */
export type HubKind = (typeof HUB_KINDS)[number];

/** The options of a run. */
export interface SoakOptions {
  readonly hub: HubKind;
  /** The time for which faults and load go on. */
  readonly seconds: number;
  /** Decides which faults come in which order. */
  readonly seed: number;
  /** The number of devices. */
  readonly devices: number;
  /** True if times and memory count as checks too, which they should not on a busy machine. */
  readonly isStrict: boolean;
  /** Is told what is going on. */
  readonly log: (line: string) => void;
}
