import { Readable, type Stream } from 'node:stream';
import { types } from 'node:util';

/** Azure Storage takes blocks of at least 100 MB; a smaller block keeps the memory of an upload small. */
const BLOCK_BYTES = 4 * 1024 * 1024;

/**
 * The content of a stream in blocks of 4 MB, the last of which is shorter. There is at least one block, which may be empty.
 * When the caller stops before the end, the stream is destroyed.
 */
export async function* blocksOf(stream: Stream): AsyncGenerator<Buffer, void, undefined> {
  let chunks: Buffer[] = [];
  let size = 0;
  let count = 0;
  for await (const chunk of readable(stream)) {
    for (let start = 0; start < chunk.length;) {
      const part = chunk.subarray(start, start + BLOCK_BYTES - size);
      chunks.push(part);
      size += part.length;
      start += part.length;
      if (size < BLOCK_BYTES) continue;
      yield Buffer.concat(chunks, size);
      chunks = [];
      size = 0;
      count += 1;
    }
  }
  if (size > 0 || count === 0) yield Buffer.concat(chunks, size);
}

async function* readable(stream: Stream): AsyncGenerator<Buffer, void, undefined> {
  // The SDK's type allows streams of the old kind, which cannot be iterated.
  const source = Symbol.asyncIterator in stream ? stream : new Readable().wrap(stream as never);
  for await (const chunk of source as AsyncIterable<unknown>) yield toBuffer(chunk);
}

function toBuffer(chunk: unknown): Buffer {
  if (typeof chunk === 'string') return Buffer.from(chunk);
  if (types.isUint8Array(chunk)) return Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
  throw new TypeError('the stream yields neither bytes nor text');
}
