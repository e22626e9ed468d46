import { codeBlocksOf, readPage, sectionOf } from '../../support/pages';
import { blocksOf, type Block } from './guide';

/** What is typed in one go, in an empty directory: pages, or sections of pages. */
export interface Walk {
  readonly pages: readonly string[];
  /** Only this part of the (single) page. */
  readonly section?: string;
  /** Programs that it needs besides this package and a POSIX shell. */
  readonly needs?: readonly string[];
}

/** All that can be followed as it is printed, and is, in `guides.test.ts`. */
export const WALKS: readonly Walk[] = [
  { pages: ['README.md'], section: 'The command line' },
  { pages: ['docs/guide-hub-individual.md'] },
  { pages: ['docs/guide-hub-group.md'] },
  { pages: ['docs/guide-central-individual.md'] },
  { pages: ['docs/guide-central-group.md'] },
  { pages: ['docs/certificates.md', 'docs/certificates-production.md'], needs: ['openssl'] },
  { pages: ['packages/emulator/docs/emulator.md'], section: 'From the command line' },
  { pages: ['packages/emulator/docs/emulator-other-sdks.md'], section: 'In CI' },
  { pages: ['packages/emulator/README.md'] },
  { pages: ['docs/mqtt-by-hand.md'], needs: ['mosquitto_pub', 'mosquitto_sub'] },
];

/** A page with a test of its own, which runs all of its blocks. */
const RUN_ELSEWHERE = ['docs/enrollment-kinds.md'];

/** The blocks of a walk. */
export function blocksOfWalk({ pages, section }: Walk): readonly Block[] {
  return pages.flatMap((page) => blocksOf(section === undefined ? readPage(page) : sectionOf(page, section)));
}

/** The blocks of a page that tests run. */
export function readRunBlocks(page: string): ReadonlySet<string> {
  if (RUN_ELSEWHERE.includes(page))
    return new Set(codeBlocksOf(readPage(page)).map(({ code }) => code.trimEnd()));
  const walks = WALKS.filter(({ pages }) => pages.includes(page));
  const blocks = walks.flatMap((walk) => blocksOfWalk({ ...walk, pages: [page] }));
  return new Set(blocks.filter(({ role }) => role !== 'people').map(({ commands }) => commands));
}
