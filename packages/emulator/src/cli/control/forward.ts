import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { createInterface } from 'node:readline';
import type { Place } from '../next-steps/place';
import { CommandError } from '../terminal/failure';
import type { Io } from '../terminal/io';
import { checkControlFolder, controlAddress } from './address';
import type { Reply, Request } from './protocol';

/** The environment variables that commands use. */
const VARIABLES = ['AZURE_IOT_EMULATOR_STATE', 'FORCE_COLOR', 'NO_COLOR', 'TERM'];

/** Connects to the socket. `undefined` if no process listens there. */
async function open(address: string): Promise<Socket | undefined> {
  await checkControlFolder(address);
  const socket = connect(address);
  try {
    await once(socket, 'connect');
    return socket;
  } catch (error) {
    if (['ENOENT', 'ECONNREFUSED', 'ENOTDIR'].includes(codeOf(error))) return undefined;
    throw error;
  }
}

const codeOf = (error: unknown): string => String((error as { code?: unknown }).code);

/** Tells whether an emulator listens for commands at the address. */
export async function isListening(address: string): Promise<boolean> {
  const socket = await open(address);
  socket?.destroy();
  return socket !== undefined;
}

/**
 * Passes a command line to the running emulator of that place, and writes its output.
 *
 * @returns the exit code
 * @throws CommandError when no emulator is running, or when its process ends meanwhile
 */
export async function forward(args: readonly string[], io: Io, place: Place): Promise<number> {
  const socket = await open(controlAddress(place.directory));
  if (socket === undefined) throw notRunning(place);
  try {
    const { stdout, stderr, env, cwd } = io;
    const request: Request = {
      args,
      cwd,
      env: Object.fromEntries(VARIABLES.map((name) => [name, env[name]])),
      stdout: { isTTY: stdout.isTTY, columns: stdout.columns },
      stderr: { isTTY: stderr.isTTY, columns: stderr.columns },
    };
    socket.write(`${JSON.stringify(request)}\n`);
    for await (const line of createInterface({ input: socket, signal: io.signal })) {
      const reply = JSON.parse(line) as Reply;
      if (reply.stdout !== undefined) stdout.write(reply.stdout);
      if (reply.stderr !== undefined) stderr.write(reply.stderr);
      if (reply.exitCode !== undefined) return reply.exitCode;
    }
  } catch (error) {
    if (codeOf(error) !== 'ECONNRESET') throw error;
  } finally {
    socket.destroy();
  }
  io.signal.throwIfAborted();
  throw new CommandError({
    code: 'EMULATOR_GONE',
    message: 'The emulator has ended before the command was done, or this process has read too slowly.',
    remedy: `See what it printed last, and start it again: ${place.command()}`,
  });
}

function notRunning({ directory, command }: Place): CommandError {
  return new CommandError({
    code: 'EMULATOR_NOT_RUNNING',
    message: `No emulator is running that keeps its state in ${directory}.`,
    remedy: `Start it in another terminal: ${command()}\nIf it runs with another --state, give the same here.`,
  });
}
