import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { directoryPerTest } from '../cli/support/directory';
import { useProgram } from '../cli/support/program';
import { blocksOf, DOCS, patternOf, readGuide } from './support/guide';
import { Reader } from './support/reader';

/* The guides work: their commands are run as they are printed, and print what is printed below them. */

const GUIDES = [
  'guide-hub-individual.md',
  'guide-hub-group.md',
  'guide-central-individual.md',
  'guide-central-group.md',
];
const MOSQUITTO_GUIDE = 'mqtt-by-hand.md';

/** A dozen programs are started one after another. */
const GUIDE_TIMEOUT_MS = 120_000;

const program = useProgram();
const directory = directoryPerTest();

async function expectToWork(name: string): Promise<void> {
  const blocks = blocksOf(readGuide(name));
  const { code, err, outcomes, otherCodes } = await new Reader(directory.path, program.main).read(blocks);
  if (code !== 0) {
    const last = outcomes.filter(({ block }) => block.role === 'run').at(-1);
    throw new Error(`Exit code ${code} after:\n${last?.block.commands ?? 'the beginning'}\n\n${err}`);
  }
  for (const { block, printed } of outcomes) {
    if (block.output !== undefined) expect(printed).toMatch(patternOf(block.output));
  }
  expect(outcomes).toHaveLength(blocks.filter(({ role }) => role !== 'people').length);
  expect(new Set(otherCodes)).toEqual(new Set([0]));
}

test.each(GUIDES)('%s can be followed as it is printed', expectToWork, GUIDE_TIMEOUT_MS);

const isInstalled = ['mosquitto_pub', 'mosquitto_sub'].every(
  (command) => spawnSync(command, ['--help']).error === undefined,
);

if (isInstalled) {
  test(
    `${MOSQUITTO_GUIDE} can be followed as it is printed`,
    () => expectToWork(MOSQUITTO_GUIDE),
    GUIDE_TIMEOUT_MS,
  );
} else {
  test(`${MOSQUITTO_GUIDE} was NOT tried: mosquitto_pub and mosquitto_sub are not installed here`, () => {
    expect(isInstalled).toBe(false);
  });
}

test('every guide is tried', () => {
  const guides = readdirSync(DOCS).filter((name) => name.startsWith('guide-'));
  expect(guides.sort()).toEqual([...GUIDES].sort());
});

test.each([...GUIDES, MOSQUITTO_GUIDE])('the links of %s into other pages find their headings', (name) => {
  const missing = [...readGuide(name).matchAll(/\]\(([\w-]+\.md)#([^)]+)\)/g)].filter(
    ([, page = '', anchor = '']) => !anchorsOf(readGuide(page)).has(anchor),
  );
  expect(missing.map(([link]) => link)).toEqual([]);
});

/** Where links into a page can lead, made of its headings as GitHub makes them. */
function anchorsOf(page: string): ReadonlySet<string> {
  const headings = [...page.matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) => heading);
  return new Set(
    headings.map((heading) =>
      heading
        .toLowerCase()
        .replaceAll(/[^\w\s-]/g, '')
        .replaceAll(/\s/g, '-'),
    ),
  );
}

describe('the reader of the guides', () => {
  test('stops at a command that fails, and has ended what ran in the other terminals', async () => {
    const guide = [
      '**Other terminal:** start it.',
      '```sh\nazure-iot-x509 emulator --in-memory\n```',
      'Then',
      '```sh\nfalse\n```',
      '```sh\necho never\n```',
    ].join('\n\n');
    const { code, outcomes, otherCodes } = await new Reader(directory.path, program.main).read(
      blocksOf(guide),
    );
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
});
