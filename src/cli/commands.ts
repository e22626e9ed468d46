import { certDevice } from './cert/device/command';
import { certIntermediate } from './cert/intermediate/command';
import { certRoot } from './cert/root/command';
import { certShow } from './cert/show/command';
import { certVerification } from './cert/verification/command';
import { check } from './check/command';
import type { Command } from './command';
import { demo } from './demo/command';

/** Words that begin the names of several commands. */
export interface Group {
  readonly name: string;
  readonly summary: string;
}

/** The groups, in the order of `--help`. */
export const GROUPS: readonly Group[] = [
  {
    name: 'cert',
    summary: 'Makes and shows certificates, as the guides for Azure IoT make them with openssl',
  },
];

/** Every command, in the order of `--help`. */
export const COMMANDS: readonly Command[] = [
  certRoot,
  certIntermediate,
  certDevice,
  certVerification,
  certShow,
  check,
  demo,
];
