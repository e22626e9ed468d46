import type { Io, OutputStream } from '../io';

/** The part of the process that decides on colors and widths. */
export type OutputIo = Pick<Io, 'stdout' | 'stderr' | 'env'>;

/** One of the two streams for text. */
export type StreamName = 'stdout' | 'stderr';

/** Tells whether the stream is a terminal that can move its cursor. */
export function isInteractive(io: OutputIo, stream: StreamName): boolean {
  return io[stream].isTTY === true && io.env['TERM'] !== 'dumb';
}

/** The terminal's width in characters, where there is one and it is known. */
export function terminalWidth(io: OutputIo, stream: StreamName): number | undefined {
  const { columns }: OutputStream = io[stream];
  // Some terminals say that they have 0 columns.
  return isInteractive(io, stream) && columns !== undefined && columns > 0 ? columns : undefined;
}
