import type { Lab } from './lab';

/** The participants, and their names in the tables. */
export const PARTICIPANTS = {
  official: 'official SDK',
  library: 'azure-iot-x509',
  bare: 'bare mqtt',
  'bare-straight': 'bare mqtt, straight to the hub',
  'bare-mosquitto': 'bare mqtt to mosquitto',
} as const;

export type Participant = keyof typeof PARTICIPANTS;

/** One thing that is measured. */
interface Metric {
  readonly name: string;
  readonly unit: string;
}

/** The target of a figure. */
export interface Goal {
  readonly case: string;
  /** Name of a metric. */
  readonly metric: string;
  readonly participant: Participant;
  /** Whose figure it is a ratio to; without it, the figure itself counts. */
  readonly of?: Participant;
  readonly atMost?: number;
  readonly atLeast?: number;
}

/** One measurement: figures by the name of their metric. */
export type Figures = Readonly<Record<string, number>>;

/** The tools and settings of a group. */
export interface Bench {
  readonly lab: Lab;
  readonly rounds: number;
  readonly isQuick: boolean;
  /** Takes down one measurement. */
  readonly record: (what: { case: string; participant: Participant }, figures: Figures) => void;
  /** Takes down what the reader of the figures has to know. */
  readonly note: (text: string) => void;
}

/** Measurements that belong together and make one table. */
export interface Group {
  readonly name: string;
  readonly title: string;
  readonly metrics: readonly Metric[];
  /** Whom the others are compared to in the table. */
  readonly baseline: Participant;
  readonly goals: readonly Goal[];
  readonly run: (bench: Bench) => Promise<void>;
}

/**
 * Measures every case once a round, and in each case everybody right after each other, beginning with somebody else
 * each round: what the machine does besides, and what one leaves behind for the next, spreads evenly.
 */
export async function interleave<Case, Who>(
  { rounds, cases, participants }: Plan<Case, Who>,
  measure: (each: Case, participant: Who) => Promise<void>,
): Promise<void> {
  for (let round = 0; round < rounds; round += 1) {
    const first = round % participants.length;
    const turns = [...participants.slice(first), ...participants.slice(0, first)];
    for (const each of cases) {
      for (const participant of turns) await measure(each, participant);
    }
  }
}

/** The cases and participants of {@link interleave}. */
interface Plan<Case, Who> {
  readonly rounds: number;
  readonly cases: readonly Case[];
  readonly participants: readonly Who[];
}
