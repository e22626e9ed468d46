import { PARTICIPANTS, type Figures, type Goal, type Group, type Participant } from './group';
import type { Machine } from './machine';
import { ratio, summarize, type Summary } from './statistics';
import { digits, table } from './table';

/** The measurements of one participant in one case. */
interface Row {
  readonly case: string;
  readonly participant: Participant;
  /** By the name of the metric. */
  readonly figures: Readonly<Record<string, RowFigure>>;
}

interface RowFigure extends Summary {
  readonly unit: string;
  readonly values: readonly number[];
  /** To the group's baseline, if that was measured in the same case and is somebody else. */
  readonly ratio?: number;
}

/** A goal and what came of it. */
export interface GoalReport extends Goal {
  readonly group: string;
  readonly reached: number;
  readonly isMet: boolean;
}

/** One table. */
export interface GroupReport {
  readonly name: string;
  readonly title: string;
  readonly baseline: Participant;
  readonly rows: readonly Row[];
  readonly notes: readonly string[];
  readonly goals: readonly GoalReport[];
}

/** A whole run. */
export interface BenchReport {
  readonly machine: Machine;
  /** Processes that wanted to run, on average over a minute, before and after. */
  readonly load: readonly [before: number, after: number];
  readonly rounds: number;
  readonly isQuick: boolean;
  readonly seconds: number;
  readonly groups: readonly GroupReport[];
}

interface RawRow {
  readonly case: string;
  readonly participant: Participant;
  /** By the name of the metric; one a round. */
  readonly values: Map<string, number[]>;
}

/** Takes down the measurements of a group. */
export class GroupRecorder {
  readonly #group: Group;
  readonly #notes: string[] = [];
  readonly #rows: RawRow[] = [];

  constructor(group: Group) {
    this.#group = group;
  }

  record(what: { case: string; participant: Participant }, figures: Figures): void {
    const { values } = this.#row(what.case, what.participant);
    for (const [metric, value] of Object.entries(figures)) {
      const list = values.get(metric);
      if (list) list.push(value);
      else values.set(metric, [value]);
    }
  }

  note(text: string): void {
    this.#notes.push(text);
  }

  report(): GroupReport {
    const { name, title, baseline, goals } = this.#group;
    return {
      name,
      title,
      baseline,
      rows: this.#rows.map((row) => ({
        case: row.case,
        participant: row.participant,
        figures: this.#figuresOf(row),
      })),
      notes: this.#notes,
      goals: goals.flatMap((goal) => this.#examine(goal)),
    };
  }

  #row(name: string, participant: Participant): RawRow {
    const known = this.#rows.find((row) => row.case === name && row.participant === participant);
    if (known) return known;
    const row = { case: name, participant, values: new Map<string, number[]>() };
    this.#rows.push(row);
    return row;
  }

  #figuresOf(row: RawRow): Row['figures'] {
    const { metrics, baseline } = this.#group;
    const figures: Record<string, RowFigure> = {};
    for (const { name, unit } of metrics) {
      const values = row.values.get(name);
      if (!values) continue;
      const base = row.participant === baseline ? undefined : this.#values(row.case, baseline, name);
      figures[name] = { unit, ...summarize(values), ...(base && { ratio: ratio(values, base) }), values };
    }
    return figures;
  }

  #examine(goal: Goal): GoalReport[] {
    const values = this.#values(goal.case, goal.participant, goal.metric);
    const base = goal.of && this.#values(goal.case, goal.of, goal.metric);
    // This run has not measured the goal's metric.
    if (!values || (goal.of && !base)) return [];
    const reached = base ? ratio(values, base) : summarize(values).median;
    const isMet = reached <= (goal.atMost ?? Infinity) && reached >= (goal.atLeast ?? -Infinity);
    return [{ ...goal, group: this.#group.name, reached, isMet }];
  }

  #values(name: string, participant: Participant, metric: string): readonly number[] | undefined {
    const row = this.#rows.find((each) => each.case === name && each.participant === participant);
    return row?.values.get(metric);
  }
}

/** The table of a group. */
export function formatGroup({ title, baseline, rows, notes }: GroupReport): string {
  const metrics = [
    ...new Map(
      rows.flatMap(({ figures }) => Object.entries(figures).map(([name, { unit }]) => [name, unit] as const)),
    ),
  ];
  const others = `× ${PARTICIPANTS[baseline]}`;
  const hasRatios = metrics.map(([name]) => rows.some(({ figures }) => figures[name]?.ratio !== undefined));
  const header = metrics.flatMap(([name, unit], index) => [
    `${name} (${unit})`,
    ...(hasRatios[index] ? [others] : []),
  ]);
  const cells = rows.map(({ case: name, participant, figures }) => [
    name,
    PARTICIPANTS[participant],
    ...metrics.flatMap(([metric], index) => {
      const figure = figures[metric];
      const multiple = figure?.ratio === undefined ? '' : digits(figure.ratio);
      return [figure ? formatFigure(figure) : '', ...(hasRatios[index] ? [multiple] : [])];
    }),
  ]);
  const text = [`### ${title}`, table(['case', 'participant', ...header], cells, 2), ...notes];
  return text.join('\n\n');
}

/** The table of goals and results. */
export function formatGoals(reports: readonly GroupReport[]): string {
  const goals = reports.flatMap(({ goals: each }) => each);
  if (goals.length === 0) return '';
  const cells = goals.map((goal) => [
    goal.group,
    goal.case,
    `${goal.metric}${goal.of ? `, × ${PARTICIPANTS[goal.of]}` : ''}`,
    goal.atMost === undefined ? `≥ ${digits(goal.atLeast ?? NaN)}` : `≤ ${digits(goal.atMost)}`,
    digits(goal.reached),
    goal.isMet ? 'yes' : 'no',
  ]);
  return `### Goals\n\n${table(['group', 'case', 'figure', 'goal', 'reached', 'met'], cells, 3)}`;
}

function formatFigure({ median, min, max, values }: RowFigure): string {
  return values.length === 1 ? digits(median) : `${digits(median)} (${digits(min)}–${digits(max)})`;
}
