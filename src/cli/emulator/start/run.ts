import { writeFile } from 'node:fs/promises';
import { InvalidOptionsError } from 'azure-iot-certificates';
import { startEmulator, type Emulator, type EmulatorOptions } from 'azure-iot-emulator';
import { makeStateDirectory } from 'azure-iot-emulator/internal';
import type { Invocation } from '../../command';
import { CommandError } from '../../command-error';
import { EXIT } from '../../exit-codes';
import { explaining } from '../../flag-terms';
import { durationText } from '../../flags/duration';
import { Interruption } from '../../io';
import { UsageError } from '../../usage-error';
import { controlAddress } from '../control/address';
import { allHubs, HANDLERS } from '../control/handlers';
import { AddressInUseError, ControlServer } from '../control/server';
import { guide } from '../guide';
import { placeOf, type Place } from '../place';
import type { flags } from './command';
import { hubsOf } from './hubs';
import { alreadyRunning, checkNotRunning, explainRunning } from './running';

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

/** DPS tells devices whole seconds. @throws UsageError */
function wholeSeconds(milliseconds: number): number {
  if (milliseconds % 1000 === 0) return milliseconds / 1000;
  throw new UsageError(
    `--retry-after must be whole seconds such as 0s or 3s, not ${durationText(milliseconds)}: DPS tells devices no others.`,
  );
}

function optionsOf(values: Invocation<typeof flags>['values'], directory: string): EmulatorOptions {
  const { inMemory, hub, port, sharedPort, host, hostName, idScope, retryAfter } = values;
  return {
    ...(!inMemory && { stateDirectory: directory }),
    ...(hub.length > 0 && { hubs: hubsOf(hub) }),
    ...(port !== undefined && { port }),
    ...(sharedPort.length > 0 && { sharedPorts: sharedPort }),
    ...(host !== undefined && { host }),
    ...(hostName !== undefined && { hostName }),
    ...(idScope !== undefined && { idScope }),
    ...(retryAfter !== undefined && { retryAfterSeconds: wholeSeconds(retryAfter) }),
  };
}

/** Starts the emulator; what it cannot do is explained. */
async function start(options: EmulatorOptions, place: Place): Promise<Emulator> {
  try {
    return await startEmulator(options);
  } catch (error) {
    const cause = explainRunning(error, place);
    if (cause instanceof CommandError || cause instanceof InvalidOptionsError) throw cause;
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

async function openControl(emulator: Emulator, place: Place, onStop: () => void): Promise<ControlServer> {
  try {
    return await ControlServer.listen(emulator, controlAddress(place.directory), onStop);
  } catch (cause) {
    // Two that were started at the same moment.
    throw cause instanceof AddressInUseError ? alreadyRunning(place, cause) : cause;
  }
}

/** A promise with what settles it. */
function deferred(): { promise: Promise<void>; resolve: () => void } {
  let resolve: () => void = () => undefined;
  const promise = new Promise<void>((settle) => (resolve = settle));
  return { promise, resolve };
}

/** The command `emulator`. */
export async function run(invocation: Invocation<typeof flags>): Promise<number> {
  const { values, io, output } = invocation;
  const place = placeOf(values, io);
  const { directory, caFile } = place;
  const options = optionsOf(values, directory);
  await checkNotRunning(place);
  await using emulator = await output.during('Starting the emulator', () =>
    explaining(OPTION_NAMES, () => start(options, place)),
  );
  // With --in-memory nobody else has made it.
  await makeStateDirectory(directory);
  const stopped = deferred();
  const control = await openControl(emulator, place, () => stopped.resolve());
  const onAbort = (): void => stopped.resolve();
  io.signal.addEventListener('abort', onAbort, { once: true });
  try {
    const { telemetryFile } = values;
    const files =
      telemetryFile === undefined
        ? []
        : await Promise.all(allHubs(emulator).map((hub) => hub.writeTelemetryTo(telemetryFile)));
    await writeFile(caFile, emulator.ca);
    const status = await HANDLERS.status(emulator, {});
    output.result({ json: { ...status, caFile }, text: (style) => guide(status, place, style) });
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
