import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

/** Where the pages are. */
export const ROOT = resolve(__dirname, '..', '..');

/** Every page that people read, by its path from {@link ROOT}. */
export const PAGES: readonly string[] = [
  ...readdirSync(ROOT),
  ...namesBelow('docs', false),
  ...namesBelow('examples', true),
  ...namesBelow('packages', false).flatMap((folder) => [
    ...namesBelow(folder, false),
    ...(existsSync(join(ROOT, folder, 'docs')) ? namesBelow(`${folder}/docs`, false) : []),
  ]),
].filter((name) => name.endsWith('.md'));

function namesBelow(folder: string, recursive: boolean): string[] {
  return readdirSync(join(ROOT, folder), { recursive, encoding: 'utf8' }).map((name) => `${folder}/${name}`);
}

/** The text of a page. */
export function readPage(page: string): string {
  return readFileSync(join(ROOT, page), 'utf8');
}

/** A block of code in a page: what follows the fence, and the lines, without the indent of a list. */
export interface CodeBlock {
  readonly language: string;
  readonly code: string;
}

const FENCED = /^( *)```(\w*)\n([^]*?)^ *```$/gm;

/** The blocks of code of a text, in their order. */
export function codeBlocksOf(text: string): readonly CodeBlock[] {
  return [...text.matchAll(FENCED)].map(([, indent = '', language = '', code = '']) => ({
    language,
    code: code.replaceAll(new RegExp(`^${indent}`, 'gm'), ''),
  }));
}

/** A text without its blocks of code, in which `#` is a comment and brackets are no links. */
export function proseOf(text: string): string {
  return text.replaceAll(FENCED, '');
}

/** The part of a page below a heading of the second level. */
export function sectionOf(page: string, heading: string): string {
  const section = readPage(page)
    .split(/^## /m)
    .find((part) => part.startsWith(`${heading}\n`));
  if (section === undefined) throw new Error(`${page} has no section "${heading}".`);
  return section.slice(heading.length);
}

/** Where links into a text can lead, made of its headings as GitHub makes them. */
export function anchorsOf(text: string): ReadonlySet<string> {
  const anchors = new Set<string>();
  for (const [, heading = ''] of proseOf(text).matchAll(/^#+ (.+)$/gm)) {
    const anchor = heading
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}_\s-]/gu, '')
      .replaceAll(/\s/g, '-');
    let unused = anchor;
    for (let count = 1; anchors.has(unused); count++) unused = `${anchor}-${count}`;
    anchors.add(unused);
  }
  return anchors;
}
