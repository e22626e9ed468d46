import type { Io } from '../io';
import { flagTable } from '../flags/spec';
import { controlAddress } from './control/address';
import { ControlClient } from './control/client';
import { DEFAULT_STATE, placeOf } from './place';

/** Which emulator a command is for. */
export const stateFlag = flagTable({
  state: {
    type: 'directory',
    default: DEFAULT_STATE,
    env: 'AZURE_IOT_EMULATOR_STATE',
    description: 'Directory of the state of the emulator; it tells several emulators apart.',
  },
});

/** What every command to a running emulator understands. */
export const controlFlags = flagTable({
  ...stateFlag,
  json: { type: 'boolean', description: 'Prints the result as one JSON document on stdout.' },
});

/** What enrollments of both sorts understand. */
export const termsFlags = flagTable({
  hub: {
    type: 'string',
    valueName: 'NAME',
    repeatable: true,
    description: 'Hub that devices may be assigned to. Default: all.',
  },
  initialTwin: {
    type: 'json',
    description: 'Tags and desired properties of a new device: {"tags":{…},"properties":{"desired":{…}}}.',
  },
  disabled: { type: 'boolean', description: 'Lets nobody in until it is enabled.' },
});

/** Which device, when several hubs or modules have to be told apart. */
export const targetFlags = flagTable({
  hub: { type: 'string', valueName: 'NAME', description: 'The hub, when several have a device of that ID.' },
});

/** Speaks to the emulator of `--state`. */
export function controlOf(values: { readonly state: string }, io: Io): ControlClient {
  const place = placeOf(values, io);
  return new ControlClient(controlAddress(place.directory), io.signal, place);
}
