/** What to run. */
export interface SoakOptions {
  /** How long faults and load go on. */
  readonly seconds: number;
  /** Decides which faults come in which order. */
  readonly seed: number;
  /** How many there are. */
  readonly devices: number;
  /** Whether times and memory count as checks too, which they should not on a busy machine. */
  readonly isStrict: boolean;
  /** Is told what is going on. */
  readonly log: (line: string) => void;
}
