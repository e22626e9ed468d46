import { DeviceError } from 'azure-iot-certificates';
import { CommandError } from '../command-error';
import { inFlagTerms } from '../flag-terms';
import type { Examination, Outcome, Step, StepName } from './step';

/** A step with its outcome. */
export interface StepReport extends Outcome {
  readonly name: StepName;
  readonly title: string;
  /** The reason of a failure. */
  readonly error?: CommandError;
  readonly milliseconds: number;
}

/**
 * Goes through the steps. A step that depends on a failed one is not tried.
 *
 * @param finished gets the report of each step as it comes
 * @throws the signal's reason when it aborts
 */
export async function examine(
  examination: Examination,
  steps: readonly Step[],
  finished: (report: StepReport) => void,
  signal: AbortSignal,
): Promise<readonly StepReport[]> {
  const reports: StepReport[] = [];
  const isMissing = (name: StepName) =>
    reports.some((report) => report.name === name && ['failed', 'skipped'].includes(report.status));
  try {
    for (const step of steps) {
      const missing = step.needs.some(isMissing);
      const report = missing ? notTried(step) : await tried(step, examination, signal);
      reports.push(report);
      finished(report);
    }
    return reports;
  } finally {
    await examination.connection?.close({ drainMs: 0 });
  }
}

function notTried({ name, title }: Step): StepReport {
  return { name, title, status: 'skipped', summary: 'not tried', milliseconds: 0 };
}

async function tried(step: Step, examination: Examination, signal: AbortSignal): Promise<StepReport> {
  const { name, title } = step;
  const started = performance.now();
  const milliseconds = () => Math.round(performance.now() - started);
  try {
    const outcome = await step.run(examination, signal);
    return { name, title, ...outcome, milliseconds: milliseconds() };
  } catch (reason) {
    signal.throwIfAborted();
    const error = reason instanceof DeviceError ? inFlagTerms(reason) : reason;
    // A defect of this program is no finding.
    if (!(error instanceof CommandError)) throw reason;
    const { message, remedy } = error;
    return { name, title, status: 'failed', summary: message, remedy, error, milliseconds: milliseconds() };
  }
}
