import { mkdtempSync, readdirSync, rmdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { GROUPS, runBench } from '../../scripts/bench';
import { ratio } from '../../scripts/bench/harness/statistics';
import { expectNothingLeft } from '../support/leaks';

/* That it runs, not how fast anything is: times are for machines that do nothing else. `npm run bench` measures. */

const variable = process.platform === 'win32' ? 'TEMP' : 'TMPDIR';
const original = process.env[variable];
let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'azure-iot-x509-'));
  process.env[variable] = directory;
});
afterEach(() => {
  if (original === undefined) Reflect.deleteProperty(process.env, variable);
  else process.env[variable] = original;
  rmdirSync(directory);
});

test('two groups of the benchmark run, print every row and leave nothing behind', async () => {
  const only = ['import', 'throughput'];
  const printed: string[] = [];
  await expectNothingLeft(async () => {
    const { groups } = await runBench({ only, isQuick: true, log: (text) => printed.push(text) });
    expect(groups.map(({ name }) => name)).toEqual(only);
    const lines = printed.join('\n').split('\n');
    for (const { name, rows, baseline } of groups) {
      const metrics = GROUPS.find((group) => group.name === name)?.metrics.map((metric) => metric.name);
      expect(rows.length).toBeGreaterThan(1);
      for (const { case: each, participant, figures } of rows) {
        expect(lines.filter((line) => line.startsWith(`| ${each} `)).length).toBeGreaterThan(0);
        expect(Object.keys(figures)).toEqual(metrics);
        for (const { median, min, max, ratio: multiple } of Object.values(figures)) {
          expect(min).toBeGreaterThan(0);
          expect(median).toBeGreaterThanOrEqual(min);
          expect(max).toBeGreaterThanOrEqual(median);
          const isCompared =
            participant !== baseline && rows.some((row) => row.case === each && row.participant === baseline);
          expect(multiple !== undefined).toBe(isCompared);
        }
      }
    }
    expect(lines).toContain('### Goals');
  });
  expect(readdirSync(directory)).toEqual([]);
}, 120_000);

test('a ratio is the median of the ratios of each round, which a busy moment does not change', () => {
  // In the second round the machine was ten times slower, for both.
  expect(ratio([2, 20, 2], [1, 10, 1])).toBe(2);
  expect(ratio([2, 3], [1, 1])).toBe(2.5);
});
