import { addAbortSignal, type Readable } from 'node:stream';

const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;

/** A line of the input, without its end; `undefined` stands for one that is too long. */
export type Line = Buffer | undefined;

/**
 * The lines of a stream as bytes, empty ones left out. Keeps no more than one line in memory, and reads on only as fast
 * as lines are taken. Ends when the stream does, or when the signal aborts. The stream cannot be used afterwards.
 *
 * @param maxBytes a longer line is skipped and answered as `undefined`
 */
export async function* readLines(
  stream: Readable,
  signal: AbortSignal,
  maxBytes: number,
): AsyncGenerator<Line, void, undefined> {
  addAbortSignal(signal, stream);
  let parts: Buffer[] = [];
  let length = 0;
  const take = (): Buffer[] | [undefined] => {
    const line = length > maxBytes ? undefined : Buffer.concat(parts);
    parts = [];
    length = 0;
    if (line === undefined) return [undefined];
    const end = line.at(-1) === CARRIAGE_RETURN ? -1 : line.length;
    const text = line.subarray(0, end);
    return text.toString().trim() === '' ? [] : [text];
  };
  const add = (part: Buffer) => {
    length += part.length;
    if (length <= maxBytes) parts.push(part);
    else parts = [];
  };
  try {
    for await (const chunk of stream as AsyncIterable<Buffer | string>) {
      let rest = typeof chunk === 'string' ? Buffer.from(chunk) : chunk;
      for (let end = rest.indexOf(LINE_FEED); end >= 0; end = rest.indexOf(LINE_FEED)) {
        add(rest.subarray(0, end));
        rest = rest.subarray(end + 1);
        yield* take();
      }
      add(rest);
    }
  } catch (error) {
    if (!signal.aborted) throw error;
    return;
  }
  yield* take();
}
