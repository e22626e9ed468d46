import { isInteractive, type OutputIo, type StreamName } from './terminal';

// Select Graphic Rendition (ECMA-48): on, off.
const CODES = {
  bold: [1, 22],
  dim: [2, 22],
  red: [31, 39],
  green: [32, 39],
  yellow: [33, 39],
  cyan: [36, 39],
} as const;

/** How text is told apart from other text. */
export type Style = Readonly<Record<keyof typeof CODES, (text: string) => string>>;

/** Text as it is. */
const PLAIN: Style = Object.fromEntries(
  Object.keys(CODES).map((name) => [name, (text: string) => text]),
) as unknown as Style; // every name of CODES is there

/**
 * Colors on a terminal, plain text elsewhere. `FORCE_COLOR` (force-color.org) decides before `NO_COLOR` (no-color.org),
 * as in Node.js itself; `FORCE_COLOR=0` switches colors off.
 */
export function styleFor(io: OutputIo, stream: StreamName): Style {
  if (!isColored(io, stream)) return PLAIN;
  const style = (name: keyof typeof CODES) => (text: string) =>
    `\u001b[${CODES[name][0]}m${text}\u001b[${CODES[name][1]}m`;
  return {
    bold: style('bold'),
    dim: style('dim'),
    red: style('red'),
    green: style('green'),
    yellow: style('yellow'),
    cyan: style('cyan'),
  };
}

function isColored(io: OutputIo, stream: StreamName): boolean {
  const forced = io.env['FORCE_COLOR'] ?? '';
  if (forced !== '') return forced !== '0' && forced !== 'false';
  return isInteractive(io, stream) && (io.env['NO_COLOR'] ?? '') === '';
}
