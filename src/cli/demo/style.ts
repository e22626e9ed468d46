import { isInteractive, type DemoIo } from './io';

/** How text is told apart from other text. */
export type Style = Readonly<Record<'bold' | 'dim' | 'red' | 'green', (text: string) => string>>;

// Select Graphic Rendition (ECMA-48): on, off.
const CODES = { bold: [1, 22], dim: [2, 22], red: [31, 39], green: [32, 39] } as const;

/** Colors on a terminal unless `NO_COLOR` (no-color.org) is set; plain text elsewhere. */
export function styleFor(io: DemoIo): Style {
  const isColored = isInteractive(io) && (io.env['NO_COLOR'] ?? '') === '';
  const style = (name: keyof typeof CODES) => (text: string) =>
    isColored ? `\u001b[${CODES[name][0]}m${text}\u001b[${CODES[name][1]}m` : text;
  return { bold: style('bold'), dim: style('dim'), red: style('red'), green: style('green') };
}
