import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { InvalidOptionsError } from '../../../errors';
import { startEmulator, type Emulator, type EmulatorOptions, type HubOptions } from '../../../emulator';
import type { Invocation } from '../../command';
import { CommandError } from '../../command-error';
import { EXIT } from '../../exit-codes';
import { explaining } from '../../flag-terms';
import { Interruption, locate } from '../../io';
import { stateFlagOf } from '../commands/status';
import { controlAddress } from '../control/address';
import { allHubs, HANDLERS } from '../control/handlers';
import { AddressInUseError, ControlServer } from '../control/server';
import { CA_FILE } from '../flags';
import { guide } from '../guide';
import type { flags } from './command';

/** Options of the emulator by the flags that set them. */
const OPTION_NAMES = {
  stateDirectory: '--state',
  hubs: '--hub',
  port: '--port',
  sharedPorts: '--shared-port',
  host: '--host',
  hostName: '--host-name',
  idScope: '--id-scope',
  retryAfterSeconds: '--retry-after',
};

function hubOf(text: string): HubOptions {
  const [name = '', hostName] = text.split('=', 2);
  return { name, ...(hostName !== undefined && { hostName }) };
}

function optionsOf(values: Invocation<typeof flags>['values'], directory: string): EmulatorOptions {
  const { inMemory, hub, port, sharedPort, host, hostName, idScope, retryAfter } = values;
  return {
    ...(!inMemory && { stateDirectory: directory }),
    ...(hub.length > 0 && { hubs: hub.map(hubOf) }),
    ...(port !== undefined && { port }),
    ...(sharedPort.length > 0 && { sharedPorts: sharedPort }),
    ...(host !== undefined && { host }),
    ...(hostName !== undefined && { hostName }),
    ...(idScope !== undefined && { idScope }),
    ...(retryAfter !== undefined && { retryAfterSeconds: Math.round(retryAfter / 1000) }),
  };
}

/** Starts the emulator; what it cannot do is explained. */
async function start(options: EmulatorOptions): Promise<Emulator> {
  try {
    return await startEmulator(options);
  } catch (cause) {
    if (cause instanceof InvalidOptionsError) throw cause;
    const { message, code } = cause as NodeJS.ErrnoException;
    throw new CommandError({
      code: 'EMULATOR_NOT_STARTED',
      message: `The emulator cannot start: ${message}`,
      remedy:
        code === 'EACCES'
          ? 'Ports below 1024 are for root: choose others, or run it in a container.'
          : 'Choose another --port, or another --state, or end the process that is in the way.',
      cause,
    });
  }
}

async function openControl(emulator: Emulator, address: string, onStop: () => void): Promise<ControlServer> {
  try {
    return await ControlServer.listen(emulator, address, onStop);
  } catch (cause) {
    if (!(cause instanceof AddressInUseError)) throw cause;
    throw new CommandError({
      code: 'EMULATOR_RUNNING',
      message: cause.message,
      remedy:
        'Use that one, stop it with "emulator stop", or give this one a directory of its own with --state.',
      cause,
    });
  }
}

/** A promise with what settles it. */
function deferred(): { promise: Promise<void>; resolve: () => void } {
  let resolve: () => void = () => undefined;
  const promise = new Promise<void>((settle) => (resolve = settle));
  return { promise, resolve };
}

/** Writes what devices and people need next to the state. */
async function writeRoot(directory: string, ca: string): Promise<string> {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const file = join(directory, CA_FILE);
  await writeFile(file, ca);
  return file;
}

/** The command `emulator`. */
export async function run(invocation: Invocation<typeof flags>): Promise<number> {
  const { values, io, output } = invocation;
  const directory = locate(io.cwd, values.state);
  await using emulator = await output.during('Starting the emulator', () =>
    explaining(OPTION_NAMES, () => start(optionsOf(values, directory))),
  );
  const stopped = deferred();
  const control = await openControl(emulator, controlAddress(directory), () => stopped.resolve());
  const onAbort = (): void => stopped.resolve();
  io.signal.addEventListener('abort', onAbort, { once: true });
  try {
    const { telemetryFile } = values;
    const files =
      telemetryFile === undefined
        ? []
        : await Promise.all(allHubs(emulator).map((hub) => hub.writeTelemetryTo(telemetryFile)));
    await writeRoot(directory, emulator.ca);
    const status = await HANDLERS.status(emulator, {});
    const caFile = join(values.state, CA_FILE);
    output.result({
      json: { ...status, caFile },
      text: (style) => guide(status, { stateFlag: stateFlagOf(values.state), caFile }, style),
    });
    output.note('The emulator runs. Ctrl-C stops it.');
    if (!io.signal.aborted) await stopped.promise;
    for (const file of files) await file.close();
  } finally {
    io.signal.removeEventListener('abort', onAbort);
    await control.close();
  }
  output.note('The emulator has stopped.');
  // Ctrl-C is how one stops it; nobody reading its output any more is not.
  return io.signal.aborted && !(io.signal.reason instanceof Interruption) ? EXIT.failed : EXIT.ok;
}
