import { StateInUseError } from 'azure-iot-emulator/internal';
import { CommandError } from '../../command-error';
import { controlAddress } from '../control/address';
import { isSomebodyThere } from '../control/client';
import type { Place } from '../place';

const CODE = 'EMULATOR_RUNNING';

function messageAbout({ directory }: Place, owner = ''): string {
  return `An emulator${owner} is running already with the state in ${directory}.`;
}

/** The emulator of that place answers commands. */
export function alreadyRunning(place: Place, cause?: unknown): CommandError {
  return new CommandError({
    code: CODE,
    message: messageAbout(place),
    remedy: [
      'One of these:',
      `- use it: ${place.command('status')}`,
      `- stop it: ${place.command('stop')}`,
      '- give this one a directory of its own with --state',
    ].join('\n'),
    cause,
  });
}

/** The emulator of that place has the directory and does not answer: a program has started it, or it begins or ends just now. */
function ownedByProgram(place: Place, cause: StateInUseError): CommandError {
  return new CommandError({
    code: CODE,
    message: messageAbout(place, ` (process ${cause.owner})`),
    remedy: [
      'It takes no commands: a program has started it, or it is starting or stopping just now. One of these:',
      `- try ${place.command('status')} in a moment, and then ${place.command('stop')}`,
      '- end the process',
      '- give this one a directory of its own with --state',
    ].join('\n'),
    cause,
  });
}

/** @throws CommandError when an emulator of that place answers commands. */
export async function checkNotRunning(place: Place): Promise<void> {
  if (await isSomebodyThere(controlAddress(place.directory))) throw alreadyRunning(place);
}

/** What a start has failed with, in terms of the command line when an emulator of that place is the reason. */
export function explainRunning(error: unknown, place: Place): unknown {
  return error instanceof StateInUseError ? ownedByProgram(place, error) : error;
}
