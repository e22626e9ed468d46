/** One thing that was checked. */
export interface SoakCheck {
  readonly name: string;
  readonly ok: boolean;
  readonly detail: string;
}

/** The result of a run. */
export interface SoakReport {
  readonly seed: number;
  readonly checks: readonly SoakCheck[];
  /** The counts and measurements, as text. */
  readonly figures: readonly (readonly [name: string, value: string])[];
}

/** Tells whether nothing was found to be wrong. */
export function isPassed({ checks }: SoakReport): boolean {
  return checks.every(({ ok }) => ok);
}

/** The report as two tables. */
export function formatReport(report: SoakReport): string {
  const { seed, checks, figures } = report;
  const width = Math.max(...checks.map(({ name }) => name.length), ...figures.map(([name]) => name.length));
  return [
    ...figures.map(([name, value]) => `${name.padEnd(width)}  ${value}`),
    '',
    ...checks.map(({ name, ok, detail }) => `${name.padEnd(width)}  ${ok ? 'ok  ' : 'FAIL'}  ${detail}`),
    '',
    isPassed(report) ? `All is accounted for (seed ${seed}).` : `FAILED. Repeat with --seed ${seed}`,
  ].join('\n');
}
