/** A block as a list names it. */
const BLOCK = /\s*<(?<kind>Latest|Uncommitted|Committed)>(?<id>[A-Za-z0-9+/=\s]*)<\/\k<kind>>/y;
/** Without white space around it. Nothing in it can match the same text in two ways, however long that is. */
const DOCUMENT = /^(?:<\?xml[^>]*\?>\s*(?=<))?<BlockList(?:\s*\/>|\s*>(?<blocks>.*)<\/BlockList\s*>)$/s;

/** Where a block is to be looked for. */
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
