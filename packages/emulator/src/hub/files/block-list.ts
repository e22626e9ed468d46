/** A block in a block list. */
const BLOCK = /\s*<(?<kind>Latest|Uncommitted|Committed)>(?<id>[A-Za-z0-9+/=\s]*)<\/\k<kind>>/y;
/**
 * A block list without white space around it. No text matches in two ways, so long lists cost no more than their
 * length.
 */
const DOCUMENT = /^(?:<\?xml[^>]*\?>\s*(?=<))?<BlockList(?:\s*\/>|\s*>(?<blocks>.*)<\/BlockList\s*>)$/s;

/** A block of a list: its ID, and the list in which it is looked up. */
export interface ListedBlock {
  readonly kind: string;
  readonly id: string;
}

/** The blocks in the body of Put Block List, in order; `undefined` if it is something else. */
export function parseBlockList(xml: string): readonly ListedBlock[] | undefined {
  const document = DOCUMENT.exec(xml.replace(/^\uFEFF/, '').trim());
  if (document === null) return undefined;
  const blocks = (document.groups?.['blocks'] ?? '').trimEnd();
  const listed: ListedBlock[] = [];
  BLOCK.lastIndex = 0;
  while (BLOCK.lastIndex < blocks.length) {
    const { kind, id } = BLOCK.exec(blocks)?.groups ?? {};
    if (kind === undefined || id === undefined) return undefined;
    listed.push({ kind, id: id.trim() });
  }
  return listed;
}
