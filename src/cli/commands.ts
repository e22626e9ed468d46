import { certDevice } from './cert/device';
import { certIntermediate } from './cert/intermediate';
import { certRoot } from './cert/root';
import { certShow } from './cert/show/show';
import { certVerification } from './cert/verification';
import { check } from './check';
import type { Command } from './command';
import { connect } from './connect/command';
import { doctor } from './doctor/command';
import { profileInit } from './profile/init';
import { profileShow } from './profile/show';
import { provision } from './provision';

/** The first words of commands that have two, with a line of help each. */
export const GROUPS: Readonly<Record<string, string>> = {
  cert: 'Makes and shows certificates, as the guides for Azure IoT make them with openssl',
  profile: 'Makes and shows profiles: what a device needs to connect, in one file',
};

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
];
