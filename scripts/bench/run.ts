import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { GROUPS } from './groups';
import { Lab } from './harness/lab';
import { describeMachine, load } from './harness/machine';
import {
  formatGoals,
  formatGroup,
  GroupRecorder,
  type BenchReport,
  type GroupReport,
} from './harness/report';

/** The groups to measure and the number of rounds. */
export interface BenchOptions {
  /** Names of groups; default all. */
  readonly only?: readonly string[] | undefined;
  /** Default 5, or 1 when it has to be quick. */
  readonly rounds?: number | undefined;
  /** Fewer devices and shorter measurements: enough to see that everything runs, too little to quote. */
  readonly isQuick: boolean;
  /** Takes what is to be printed, as it comes. */
  readonly log: (text: string) => void;
}

/** Measures, and prints a table after each group. */
export async function runBench({ only, isQuick, rounds, log }: BenchOptions): Promise<BenchReport> {
  const startedAt = performance.now();
  // What is measured is the build, which users run.
  await promisify(execFile)(process.execPath, [join(__dirname, '../../test/support/build.cjs')]);
  const machine = describeMachine();
  log(
    `${machine.processor}, ${machine.cores} cores, ${machine.memoryGib} GiB, ${machine.system}, Node.js ${machine.node}`,
  );
  const loadBefore = load();
  const thoroughness = { rounds: rounds ?? (isQuick ? 1 : 5), isQuick };
  const groups: GroupReport[] = [];
  await using lab = await Lab.open();
  for (const group of GROUPS.filter(({ name }) => only?.includes(name) ?? true)) {
    const recorder = new GroupRecorder(group);
    await group.run({
      ...thoroughness,
      lab,
      record: (what, figures) => recorder.record(what, figures),
      note: (text) => recorder.note(text),
    });
    const report = recorder.report();
    groups.push(report);
    log(`\n${formatGroup(report)}`);
  }
  const goals = formatGoals(groups);
  if (goals !== '') log(`\n${goals}`);
  const seconds = Math.round((performance.now() - startedAt) / 1000);
  const loads = [loadBefore, load()] as const;
  log(`\n${seconds} s; load average ${loads.map((value) => value.toFixed(1)).join(' before, ')} after`);
  return { machine, load: loads, ...thoroughness, seconds, groups };
}
