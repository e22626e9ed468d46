import { chmod, rm } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { dirname } from 'node:path';
import { ensureDirectory } from 'azure-iot-certificates/internal';
import type { Emulator } from 'azure-iot-emulator';
import { checkControlFolder } from './address';
import { isSomebodyThere } from './client';
import { HANDLERS } from './handlers';
import { watch } from './watch';

/** More than any command sends. */
const MAX_BODY_BYTES = 4 * 1024 * 1024;
/** What may wait for a watcher that does not read; then it is dropped. */
const MAX_UNREAD_BYTES = 16 * 1024 * 1024;

/** What watchers are given to read the end, in milliseconds; then they are dropped. */
const FAREWELL_MS = 1_000;

const isPipe = (address: string): boolean => address.startsWith('\\\\');

/** Another emulator listens for commands there. */
export class AddressInUseError extends Error {
  constructor(address: string) {
    super(`Another emulator is running: somebody answers at ${address}.`);
    this.name = 'AddressInUseError';
  }
}

/** Answers the commands of other processes of the same user. */
export class ControlServer {
  readonly #server: Server;
  readonly #emulator: Emulator;
  readonly #onStop: () => void;
  readonly #watchers = new Set<ServerResponse>();

  private constructor(emulator: Emulator, onStop: () => void) {
    this.#emulator = emulator;
    this.#onStop = onStop;
    this.#server = createServer((request, response) => {
      this.#answer(request, response).catch((error: unknown) => fail(response, error));
    });
  }

  /**
   * Listens on a socket that nobody but this user can open.
   *
   * @param onStop called when somebody asks the emulator to stop
   * @throws AddressInUseError when another emulator has the address
   */
  static async listen(emulator: Emulator, address: string, onStop: () => void): Promise<ControlServer> {
    const control = new ControlServer(emulator, onStop);
    if (!isPipe(address)) {
      await ensureDirectory(dirname(address));
      await checkControlFolder(address);
      // A process that was killed leaves its socket behind; one that lives answers.
      if (await isSomebodyThere(address)) throw new AddressInUseError(address);
      await rm(address, { force: true });
    }
    await listen(control.#server, address);
    return control;
  }

  /** Ends everything, watchers included. */
  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    for (const watcher of this.#watchers) watcher.end();
    const impatience = setTimeout(() => this.#server.closeAllConnections(), FAREWELL_MS);
    await closed;
    clearTimeout(impatience);
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const name = (request.url ?? '/').slice(1);
    if (name === 'watch') {
      this.#watch(response);
      return;
    }
    const parameters = await readBody(request);
    if (name === 'stop') {
      reply(response, 200, { result: {} });
      response.once('finish', () => this.#onStop());
      return;
    }
    const handler = Object.hasOwn(HANDLERS, name) ? HANDLERS[name as keyof typeof HANDLERS] : undefined;
    if (handler === undefined) {
      reply(response, 404, { error: { code: 404000, message: `The emulator does not know ${name}.` } });
      return;
    }
    // The parameters belong to the operation of that name: both ends of this socket are of the same package.
    const result = await (handler as (emulator: Emulator, parameters: object) => unknown)(
      this.#emulator,
      parameters,
    );
    reply(response, 200, { result });
  }

  #watch(response: ServerResponse): void {
    response.writeHead(200, { 'content-type': 'application/jsonl' });
    response.flushHeaders();
    const stop = watch(this.#emulator, (event) => {
      response.write(`${JSON.stringify(event)}\n`);
      if (response.writableLength > MAX_UNREAD_BYTES) response.destroy();
    });
    this.#watchers.add(response);
    response.once('close', () => {
      this.#watchers.delete(response);
      stop();
    });
  }
}

async function listen(server: Server, address: string): Promise<void> {
  // Made with these permissions, and not changed afterwards: there is no moment in which others could open it.
  const before = isPipe(address) ? undefined : process.umask(0o177);
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(address, () => {
        server.off('error', reject);
        resolve();
      });
    });
  } finally {
    if (before !== undefined) process.umask(before);
  }
  if (!isPipe(address)) await chmod(address, 0o600);
}

async function readBody(request: IncomingMessage): Promise<object> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > MAX_BODY_BYTES) throw new Error(`The request is larger than ${MAX_BODY_BYTES} bytes.`);
    chunks.push(chunk);
  }
  const body = JSON.parse(Buffer.concat(chunks).toString()) as unknown;
  if (typeof body === 'object' && body !== null) return body;
  throw new Error('The request is not a JSON object.');
}

function reply(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}

/** Errors of the emulator carry the service's code. */
function fail(response: ServerResponse, error: unknown): void {
  const { code, message } = error as { code?: unknown; message?: unknown };
  if (response.headersSent) {
    response.destroy();
    return;
  }
  reply(response, 400, {
    error: { code: typeof code === 'number' ? code : 500000, message: String(message) },
  });
}
