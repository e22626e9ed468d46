import { spawnSync } from 'node:child_process';
import { directoryPerTest } from '../cli/support/directory';
import { MAIN } from '../support/built';
import { PAGES } from '../support/pages';
import { blocksOf, patternOf } from './support/guide';
import { Reader } from './support/reader';
import { blocksOfWalk, WALKS, type Walk } from './support/run-pages';

/* The guides work: their commands are run as they are printed, and print what is printed below them. */

/** A dozen programs are started one after another. */
const GUIDE_TIMEOUT_MS = 120_000;

const directory = directoryPerTest();

async function expectToWork(walk: Walk): Promise<void> {
  const blocks = blocksOfWalk(walk);
  const { code, err, outcomes, otherCodes } = await new Reader(directory.path, MAIN).read(blocks);
  if (code !== 0) {
    const last = outcomes.filter(({ block }) => block.role === 'run').at(-1);
    throw new Error(`Exit code ${code} after:\n${last?.block.commands ?? 'the beginning'}\n\n${err}`);
  }
  for (const { block, printed } of outcomes) {
    if (block.output !== undefined) expect(printed).toMatch(patternOf(block.output));
  }
  expect(outcomes).toHaveLength(blocks.filter(({ role }) => role !== 'people').length);
  expect(otherCodes.filter((other) => other !== 0)).toEqual([]);
}

const isInstalled = (command: string): boolean => spawnSync(command, ['--help']).error === undefined;

for (const walk of WALKS) {
  const { pages, section, needs = [] } = walk;
  const name = [...pages, ...(section === undefined ? [] : [`"${section}"`])].join(', ');
  const missing = needs.filter((command) => !isInstalled(command));
  if (missing.length === 0) {
    test(`${name} can be followed as it is printed`, () => expectToWork(walk), GUIDE_TIMEOUT_MS);
  } else {
    test(`${name} was NOT tried: ${missing.join(', ')} is not installed here`, () => {
      expect(missing).not.toEqual([]);
    });
  }
}

test('every guide is tried', () => {
  const tried = WALKS.flatMap(({ pages }) => pages);
  expect(PAGES.filter((page) => page.startsWith('docs/guide-') && !tried.includes(page))).toEqual([]);
});

describe('the reader of the guides', () => {
  test('stops at a command that fails, and has ended what ran in the other terminals', async () => {
    const guide = [
      '**Other terminal:** start it.',
      '```sh\nazure-iot-emulator --in-memory\n```',
      'Then',
      '```sh\nfalse\n```',
      '```sh\necho never\n```',
    ].join('\n\n');
    const { code, outcomes, otherCodes } = await new Reader(directory.path, MAIN).read(blocksOf(guide));
    expect({ code, otherCodes }).toEqual({ code: 1, otherCodes: [0] });
    expect(outcomes.map(({ block }) => block.role)).toEqual(['other-terminal']);
  });

  test('tells output that is not what the guide shows', () => {
    const pattern = patternOf('Made … (1)\n…\ndone');
    expect('Made a.crt (1)\ndone\n').toMatch(pattern);
    expect('Made a.crt (1)\nand\nmore\ndone\n').toMatch(pattern);
    for (const other of ['Made a.crt (1)\n', 'Made a.crt (2)\ndone\n', 'x\nMade a (1)\ndone\n', '']) {
      expect(other).not.toMatch(pattern);
    }
  });

  test('leaves to people what is for Azure, and accepts no output of it', () => {
    const azure = '**Azure:** look it up.\n\n```sh\nexport A=1\n```\n\n';
    expect(blocksOf(`${azure}**Emulator:**\n\n\`\`\`sh\ntrue\n\`\`\``)).toEqual([
      { role: 'people', commands: 'export A=1' },
      { role: 'run', commands: 'true' },
    ]);
    expect(() => blocksOf(`${azure}\`\`\`text\nA\n\`\`\``)).toThrow('Nothing that is run');
  });

  test('takes no block for text', () => {
    for (const block of ['```sh\ntrue\n\nfalse\n```', 'In a list:\n\n  ```sh\n  false\n  ```']) {
      expect(() => blocksOf(block)).toThrow('indented or has an empty line');
    }
  });
});
