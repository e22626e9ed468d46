import { certDevice } from './cert/device/command';
import { certIntermediate } from './cert/intermediate/command';
import { certRoot } from './cert/root/command';
import { certShow } from './cert/show/command';
import { certVerification } from './cert/verification/command';
import { check } from './check/command';
import type { Command } from './command';
import { completion } from './completion/command';
import { connect } from './connect/command';
import { demo } from './demo/command';
import { doctor } from './doctor/command';
import { profileInit } from './profile/init/command';
import { profileShow } from './profile/show/command';
import { provision } from './provision/command';

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
  { name: 'profile', summary: 'Makes and shows profiles: what a device needs to connect, in one file' },
];

/** Every command, in the order of `--help`. */
export const COMMANDS: readonly Command[] = [
  certRoot,
  certIntermediate,
  certDevice,
  certVerification,
  certShow,
  check,
  provision,
  connect,
  doctor,
  profileInit,
  profileShow,
  demo,
  completion,
];
