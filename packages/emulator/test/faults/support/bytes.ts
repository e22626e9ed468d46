import { once } from 'node:events';
import type { RawClient } from '../../support/raw-client';

/** Reads bytes as they are, of a client whose server does not speak MQTT any more. */
export class Bytes {
  readonly #client: RawClient;
  #received = Buffer.alloc(0);

  constructor(client: RawClient) {
    this.#client = client;
    client.socket.removeAllListeners('data');
    client.socket.on('data', (chunk: Buffer) => {
      this.#received = Buffer.concat([this.#received, chunk]);
    });
  }

  /** The first so many. */
  async take(count: number): Promise<string> {
    while (this.#received.length < count) await once(this.#client.socket, 'data');
    return this.#received.subarray(0, count).toString('hex');
  }

  /** All, when the server has closed the connection. */
  async all(): Promise<string> {
    await this.#client.closed;
    return this.#received.toString('hex');
  }
}

/** How a connection ends: with a FIN, or with an RST. */
export async function endOf(client: RawClient): Promise<'FIN' | 'RST'> {
  let end: 'FIN' | 'RST' = 'FIN';
  client.socket.on('error', ({ code }: NodeJS.ErrnoException) => {
    if (code === 'ECONNRESET') end = 'RST';
  });
  await client.closed;
  return end;
}
