import { request, type IncomingMessage } from 'node:http';
import { createInterface } from 'node:readline';
import { CommandError } from '../../command-error';
import type { Place } from '../place';
import { checkControlFolder } from './address';
import type { OperationName, Operations, WatchEvent } from './operations';
import { refused } from './refusal';

/** Errors with which the system says that nobody listens. */
const NOBODY = new Set(['ENOENT', 'ECONNREFUSED', 'ENOTDIR']);

async function post(
  address: string,
  name: string,
  body: object,
  signal: AbortSignal,
): Promise<IncomingMessage> {
  await checkControlFolder(address);
  return await new Promise((resolve, reject) => {
    const content = JSON.stringify(body);
    const sent = request(
      {
        socketPath: address,
        path: `/${name}`,
        method: 'POST',
        agent: false,
        signal,
        headers: { 'content-length': Buffer.byteLength(content) },
      },
      resolve,
    );
    sent.once('error', reject);
    sent.end(content);
  });
}

/** Whether an emulator listens for commands there. */
export async function isSomebodyThere(address: string): Promise<boolean> {
  try {
    const response = await post(address, 'status', {}, AbortSignal.timeout(5_000));
    response.destroy();
    return true;
  } catch (error) {
    return !NOBODY.has(codeOf(error));
  }
}

function codeOf(error: unknown): string {
  const { code } = error as { code?: unknown };
  return typeof code === 'string' ? code : '';
}

/** Speaks to a running emulator. */
export class ControlClient {
  readonly #address: string;
  readonly #signal: AbortSignal;
  readonly #place: Place;

  constructor(address: string, signal: AbortSignal, place: Place) {
    this.#address = address;
    this.#signal = signal;
    this.#place = place;
  }

  /** @throws CommandError when no emulator is running, or when it refuses */
  async call<Name extends OperationName>(
    name: Name,
    parameters: Operations[Name]['parameters'],
  ): Promise<Operations[Name]['result']> {
    const response = await this.#post(name, parameters);
    const chunks: Buffer[] = [];
    for await (const chunk of response as AsyncIterable<Buffer>) chunks.push(chunk);
    const { result, error } = JSON.parse(Buffer.concat(chunks).toString()) as {
      result?: Operations[Name]['result'];
      error?: { code: number; message: string };
    };
    if (result !== undefined) return result;
    throw refused(error ?? { code: 500000, message: 'The emulator answered nothing.' }, name, this.#place);
  }

  /**
   * What happens from now on, until the emulator stops or the command is interrupted.
   *
   * @throws CommandError when no emulator is running, and while reading, when it ends without a word
   */
  async watch(): Promise<AsyncGenerator<WatchEvent>> {
    return this.#read(await this.#post('watch', {}));
  }

  async *#read(response: IncomingMessage): AsyncGenerator<WatchEvent> {
    try {
      for await (const line of createInterface({ input: response })) yield JSON.parse(line) as WatchEvent;
    } catch (cause) {
      this.#signal.throwIfAborted();
      if (codeOf(cause) !== 'ECONNRESET') throw cause;
      throw new CommandError({
        code: 'EMULATOR_GONE',
        message:
          'The emulator has ended without a word: its process was killed, or this one read too slowly.',
        remedy: `See what it printed last, and start it again: ${this.#place.command()}`,
        cause,
      });
    }
  }

  async #post(name: string, parameters: object): Promise<IncomingMessage> {
    try {
      return await post(this.#address, name, parameters, this.#signal);
    } catch (cause) {
      this.#signal.throwIfAborted();
      if (!NOBODY.has(codeOf(cause))) throw cause;
      throw new CommandError({
        code: 'EMULATOR_NOT_RUNNING',
        message: `No emulator is running that keeps its state in ${this.#place.directory}: nobody answers at ${this.#address}.`,
        remedy: `Start it in another terminal: ${this.#place.command()}\nIf it runs with another --state, give the same here.`,
        cause,
      });
    }
  }
}
