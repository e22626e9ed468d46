import { writeFile } from 'node:fs/promises';
import type { CommandUnknownOpts } from '@commander-js/extra-typings';
import { DeviceError, InvalidOptionsError } from 'azure-iot-certificates';
import type { Emulator, EmulatorOptions } from '../../index';
import { startEmulator } from '../../start';
import { makeStateDirectory } from '../../state/make-directory';
import { defined } from '../arguments/defined';
import { each, hub, path, port, text, wholeSeconds } from '../arguments/parsers';
import { controlAddress } from '../control/address';
import { isListening } from '../control/forward';
import { AddressInUseError, ControlServer } from '../control/control-server';
import { guide } from '../next-steps/guide';
import type { Place } from '../next-steps/place';
import { CommandError, EXIT } from '../terminal/failure';
import { isInterrupted } from '../terminal/io';
import type { Context, Running } from './context';
import { allHubs } from './hubs';
import { statusOf } from './status';

/** The command `start`, which is the default command. */
export function start(parent: CommandUnknownOpts, context: Context): void {
  parent
    .command('start')
    .description(
      'Runs the emulator until Ctrl-C or "azure-iot-emulator stop", and keeps its state in the folder of --state, so that the next start goes on from there.',
    )
    .option(
      '--in-memory',
      'Keeps nothing: the folder of --state holds the CA file and the control socket only.',
    )
    .option(
      '--hub <NAME[=HOSTNAME]>',
      'A hub that is linked to DPS, with the host name by which devices know it, such as north or north=north.example.org; repeatable. Default: hub-1.',
      each(hub),
    )
    .option('--port <N>', 'TCP port of the global endpoint. Default: a free one.', port)
    .option(
      '--shared-port <N>',
      'Serves DPS and all hubs together on this port, for SDKs that cannot be told one: 8883, and 443 for WebSockets and files; repeatable.',
      each(port),
    )
    .option(
      '--host <ADDRESS>',
      'Interface to listen on. Default: 127.0.0.1, and ::1 where there is one. Others let strangers in.',
      text,
    )
    .option('--host-name <NAME>', 'Name by which devices reach this machine. Default: localhost.', text)
    .option('--id-scope <SCOPE>', 'ID scope of DPS, such as 0ne00ABCDEF. Default: a random one.', text)
    .option(
      '--retry-after <DURATION>',
      'Time that devices are told to wait between two polls: whole seconds, 0s included. Default: 3s, as Azure answers.',
      wholeSeconds({ max: 300 }),
    )
    .option(
      '--telemetry-file <FILE>',
      'Appends all telemetry to this file, a JSON document a line.',
      path(context.io.cwd),
    )
    .action(async ({ inMemory, telemetryFile, hub: hubs, sharedPort: sharedPorts, retryAfter, ...rest }) => {
      const { directory } = context.place;
      const options = defined({
        ...rest,
        hubs,
        sharedPorts,
        retryAfterSeconds: retryAfter,
        stateDirectory: inMemory === true ? undefined : directory,
      });
      if (await isListening(controlAddress(directory))) throw alreadyRunning(context.place);
      await runEmulator(context, options, telemetryFile);
    });
}

/** Runs an emulator until it is told to stop. */
async function runEmulator(
  context: Context,
  options: EmulatorOptions,
  telemetryFile: string | undefined,
): Promise<void> {
  const { io, output, place } = context;
  output.note('Starting the emulator …');
  await using emulator = await startWith(options, place);
  // With --in-memory the folder may not exist yet.
  await makeStateDirectory(place.directory);
  let stop: () => void = () => undefined;
  const stopped = new Promise<void>((resolve) => (stop = resolve));
  io.signal.addEventListener('abort', stop, { once: true });
  const control = await openControl(context, { emulator, stop });
  try {
    const hubs = telemetryFile === undefined ? [] : allHubs(emulator);
    const files = await Promise.all(hubs.map((hub) => hub.writeTelemetryTo(telemetryFile ?? '')));
    await writeFile(place.caFile, emulator.ca);
    const status = statusOf(emulator);
    output.result({ ...status, caFile: place.caFile }, (style) => guide(status, place, style));
    output.note('The emulator runs. Ctrl-C stops it.');
    if (!io.signal.aborted) await stopped;
    for (const file of files) await file.close();
  } finally {
    io.signal.removeEventListener('abort', stop);
    await control.close();
  }
  output.note('The emulator has stopped.');
  // Ctrl-C is the usual end. A closed stdout is a failure.
  if (io.signal.aborted && !isInterrupted(io.signal)) context.exitCode = EXIT.failed;
}

/** The flags by the options of the emulator that they set. */
const FLAGS: Readonly<Record<string, string>> = {
  stateDirectory: '--state',
  hubs: '--hub',
  port: '--port',
  sharedPorts: '--shared-port',
  host: '--host',
  hostName: '--host-name',
  idScope: '--id-scope',
  retryAfterSeconds: '--retry-after',
};

/** The flag of an option, also of a part of it such as `hubs[0].name`. */
function flagOf(option: string): string {
  return FLAGS[/^\w*/.exec(option)?.[0] ?? ''] ?? option;
}

/** A text of the library in terms of the command line. Ordinary words such as "host" stay as they are. */
function inFlags(text: string): string {
  return text.replaceAll(/\b[a-z]+[A-Z][A-Za-z]*\b/g, (word) => FLAGS[word] ?? word);
}

/** Starts the emulator. @throws CommandError */
async function startWith(options: EmulatorOptions, { directory }: Place): Promise<Emulator> {
  try {
    return await startEmulator(options);
  } catch (cause) {
    if (cause instanceof InvalidOptionsError) {
      const lines = (texts: readonly string[]): string => texts.map(inFlags).join('\n');
      throw new CommandError({
        code: cause.code,
        message: lines(cause.problems.map(({ option, message }) => `${flagOf(option)} ${message}`)),
        remedy: lines(cause.problems.map(({ remedy }) => remedy)),
        cause,
      });
    }
    if (cause instanceof DeviceError) {
      const { code, message, remedy } = cause;
      throw new CommandError({ code, message: inFlags(message), remedy: inFlags(remedy), cause });
    }
    const { message, code } = cause as NodeJS.ErrnoException;
    throw new CommandError({
      code: 'EMULATOR_NOT_STARTED',
      message: `The emulator cannot start: ${message}`,
      remedy:
        code === 'EACCES'
          ? 'Ports below 1024 are for root: choose others, or run it in a container.'
          : `Choose another --port, or another --state than ${directory}, or end the process that is in the way.`,
      cause,
    });
  }
}

/** Listens for commands from other processes. @throws CommandError */
async function openControl({ place, run }: Context, running: Running): Promise<ControlServer> {
  try {
    return await ControlServer.listen(controlAddress(place.directory), (args, io) => run(args, io, running));
  } catch (cause) {
    // Two emulators were started at the same moment.
    throw cause instanceof AddressInUseError ? alreadyRunning(place, cause) : cause;
  }
}

/** The error for an emulator of that place that runs already. */
function alreadyRunning({ directory, command }: Place, cause?: unknown): CommandError {
  return new CommandError({
    code: 'EMULATOR_RUNNING',
    message: `An emulator is running already with the state in ${directory}.`,
    remedy: [
      'One of these:',
      `- use it: ${command('status')}`,
      `- stop it: ${command('stop')}`,
      '- give this one a folder of its own with --state',
    ].join('\n'),
    cause,
  });
}
