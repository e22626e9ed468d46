import { styleText } from 'node:util';
import { isInteractive, type OutputIo, type StreamName } from './terminal';

const NAMES = ['bold', 'dim', 'red', 'green', 'yellow', 'cyan'] as const;

/** Functions that emphasize text. */
export type Style = Readonly<Record<(typeof NAMES)[number], (text: string) => string>>;

/** The style for a stream: colors if {@link isColored}, else plain text. */
export function styleFor(io: OutputIo, stream: StreamName): Style {
  const colored = isColored(io, stream);
  const entries = NAMES.map((name) => [
    name,
    // The stream is an Io's, which node:util does not know.
    (text: string) => (colored ? styleText(name, text, { validateStream: false }) : text),
  ]);
  return Object.fromEntries(entries) as Style; // every name is there
}

/**
 * Tells whether text on the stream has colors. By default a terminal has colors. `FORCE_COLOR` (force-color.org)
 * decides before `NO_COLOR` (no-color.org), as in Node.js itself; `FORCE_COLOR=0` switches colors off.
 */
export function isColored(io: OutputIo, stream: StreamName): boolean {
  const forced = io.env['FORCE_COLOR'] ?? '';
  if (forced !== '') return forced !== '0' && forced !== 'false';
  return isInteractive(io, stream) && (io.env['NO_COLOR'] ?? '') === '';
}
