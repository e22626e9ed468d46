import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Command, type CommandUnknownOpts } from '@commander-js/extra-typings';
import { path } from './arguments/parsers';
import { caAdd } from './commands/ca-add';
import { caVerify } from './commands/ca-verify';
import { centralAutoApprove } from './commands/central-auto-approve';
import { centralChange } from './commands/central-change';
import { centralDevice } from './commands/central-device';
import { centralDevices } from './commands/central-devices';
import { centralGroup } from './commands/central-group';
import { centralTemplate } from './commands/central-template';
import { centralVerify } from './commands/central-verify';
import { Context, type Run, type Running } from './commands/context';
import { device } from './commands/device';
import { devices } from './commands/devices';
import { enroll } from './commands/enroll';
import { enrollment } from './commands/enrollment';
import { enrollments } from './commands/enrollments';
import { group } from './commands/group';
import { invoke } from './commands/invoke';
import { send } from './commands/send';
import { start } from './commands/start';
import { status } from './commands/status';
import { stop } from './commands/stop';
import { twin } from './commands/twin';
import { watch } from './commands/watch';
import { DEFAULT_STATE } from './next-steps/place';
import type { Io } from './terminal/io';

/** The width of help without a terminal, in characters. */
const PIPE_WIDTH = 100;

/** Declares a command below another one. */
type Declare = (parent: CommandUnknownOpts, context: Context) => void;

/** The commands below each heading of the help. */
const COMMANDS: readonly (readonly [heading: string, commands: readonly Declare[]])[] = [
  ['The emulator:', [start, status, stop, watch]],
  ['DPS:', [enroll, group, ca, enrollments, enrollment]],
  ['IoT Hub:', [devices, device, send, invoke, twin]],
  ['IoT Central:', [central]],
];

function ca(parent: CommandUnknownOpts, context: Context): void {
  const family = parent
    .command('ca')
    .description('Uploads certificate authorities, and verifies them by proof of possession.');
  for (const declare of [caAdd, caVerify]) declare(family, context);
}

function central(parent: CommandUnknownOpts, context: Context): void {
  const family = parent.command('central').description('Acts on the IoT Central application.');
  const commands: readonly Declare[] = [
    ...[centralDevice, centralGroup, centralVerify, centralDevices],
    ...[centralChange, centralAutoApprove, centralTemplate],
  ];
  for (const declare of commands) declare(family, context);
}

/** The version of this package. */
function version(): string {
  // Beside `dist` or `src`, two levels above this file.
  const { version: text } = JSON.parse(readFileSync(join(__dirname, '../../package.json'), 'utf8')) as {
    version: string;
  };
  return text;
}

interface ProgramInit {
  readonly io: Io;
  readonly run: Run;
  /** The emulator, in its own process. */
  readonly running?: Running | undefined;
}

/** The tree of the commands, for one command line, and the surroundings of their actions. */
export function createProgram({ io, run, running }: ProgramInit): {
  readonly program: CommandUnknownOpts;
  readonly context: Context;
} {
  // An empty variable counts as absent.
  const { AZURE_IOT_EMULATOR_STATE: variable = '' } = io.env;
  const program = new Command('azure-iot-emulator')
    .description(
      'Runs DPS, IoT Hub and IoT Central on this computer, and acts on them. Without a command, it starts the emulator; "azure-iot-emulator start --help" shows the flags of that.',
    )
    .option(
      '--state <DIRECTORY>',
      `Folder of the emulator's state; it tells several emulators apart. Default: AZURE_IOT_EMULATOR_STATE, or ${DEFAULT_STATE}.`,
      path(io.cwd),
    )
    .option('--json', 'Prints the result as one JSON document on stdout; watch prints one line an event.')
    .option('--debug', 'Shows where an error comes from: its stack and its causes.')
    .version(version(), '-V, --version', 'Prints the version.')
    .helpOption('-h, --help', 'Prints this help.')
    .configureHelp({ showGlobalOptions: true })
    .configureOutput({
      writeOut: (text) => io.stdout.write(text),
      writeErr: (text) => io.stderr.write(text),
      getOutHelpWidth: () => io.stdout.columns ?? PIPE_WIDTH,
      getErrHelpWidth: () => io.stderr.columns ?? PIPE_WIDTH,
      // The catching code reports the failure.
      outputError: () => undefined,
    })
    .exitOverride();
  const flags = () => {
    const { state = variable === '' ? DEFAULT_STATE : variable, json, debug } = program.opts();
    return { state, json, debug };
  };
  const context = new Context({ io, flags, running, run });
  program.commandsGroup('Help:').helpCommand('help [COMMAND]', 'Prints the help of a command.');
  for (const [heading, commands] of COMMANDS) {
    program.commandsGroup(heading);
    for (const declare of commands) declare(program, context);
  }
  return { program, context };
}
