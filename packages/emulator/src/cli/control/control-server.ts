import { chmod, rm } from 'node:fs/promises';
import { createServer, type Server, type Socket } from 'node:net';
import { dirname } from 'node:path';
import { createInterface } from 'node:readline';
import { ensureDirectory } from 'azure-iot-certificates/internal';
import { Interruption, type Io } from '../terminal/io';
import { checkControlFolder } from './address';
import { isListening } from './forward';
import type { Reply, Request } from './protocol';

/** The number of bytes that may wait for a program that does not read. The connection is closed beyond it. */
const MAX_UNREAD_BYTES = 16 * 1024 * 1024;

/** The time in which programs must read the end of the output, in milliseconds. The connection is closed after it. */
const FAREWELL_MS = 1_000;

/** Runs a command line for another process. Never rejects. */
type Run = (args: readonly string[], io: Io) => Promise<number>;

/** Another emulator listens at the address. */
export class AddressInUseError extends Error {
  constructor(address: string) {
    super(`Another emulator takes commands at ${address}.`);
    this.name = 'AddressInUseError';
  }
}

/** Runs the command lines that other processes of the same user pass on. */
export class ControlServer {
  readonly #server: Server;
  readonly #run: Run;
  readonly #sockets = new Set<Socket>();
  readonly #stopping = new AbortController();

  private constructor(run: Run) {
    this.#run = run;
    this.#server = createServer((socket) => this.#serve(socket));
  }

  /**
   * Listens on a socket that only this user can open.
   *
   * @throws AddressInUseError when another emulator has the address
   */
  static async listen(address: string, run: Run): Promise<ControlServer> {
    const control = new ControlServer(run);
    const isPipe = address.startsWith('\\\\');
    if (isPipe) {
      await listen(control.#server, address);
      return control;
    }
    await ensureDirectory(dirname(address));
    await checkControlFolder(address);
    // A killed process leaves its socket behind. A live process answers.
    if (await isListening(address)) throw new AddressInUseError(address);
    await rm(address, { force: true });
    // The socket is made with these permissions, so that other users can never open it.
    const before = process.umask(0o177);
    await listen(control.#server, address).finally(() => process.umask(before));
    await chmod(address, 0o600);
    return control;
  }

  /** Ends the running commands, and then closes the server. */
  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    this.#stopping.abort(new Interruption('The emulator stops.', 1));
    const dropping = setTimeout(() => {
      for (const socket of this.#sockets) socket.destroy();
    }, FAREWELL_MS);
    await closed;
    clearTimeout(dropping);
  }

  #serve(socket: Socket): void {
    this.#sockets.add(socket);
    const gone = new AbortController();
    socket.once('close', () => {
      this.#sockets.delete(socket);
      gone.abort(new Interruption('The program that passed the command on has ended.', 1));
    });
    // A program may end at any time, so errors of its socket are ignored.
    socket.on('error', () => undefined);
    const signal = AbortSignal.any([gone.signal, this.#stopping.signal]);
    createInterface({ input: socket })
      .on('error', () => undefined)
      .once('line', (line) => {
        this.#answer(line, socket, signal).catch(() => socket.destroy());
      });
  }

  async #answer(line: string, socket: Socket, signal: AbortSignal): Promise<void> {
    const tell = (reply: Reply): void => {
      if (reply.exitCode === undefined && socket.writableLength > MAX_UNREAD_BYTES) socket.destroy();
      if (socket.writable) socket.write(`${JSON.stringify(reply)}\n`);
    };
    // Both ends are of the same package.
    const { args, stdout, stderr, ...rest } = JSON.parse(line) as Request;
    const exitCode = await this.#run(args, {
      ...rest,
      signal,
      stdout: { ...stdout, write: (text) => tell({ stdout: text }) },
      stderr: { ...stderr, write: (text) => tell({ stderr: text }) },
    });
    tell({ exitCode });
    socket.end();
  }
}

async function listen(server: Server, address: string): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(address, () => {
      server.off('error', reject);
      resolve();
    });
  });
}
