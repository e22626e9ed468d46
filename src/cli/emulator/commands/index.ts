import type { Command } from '../../command';
import { emulator } from '../start/command';
import { emulatorCaAdd, emulatorCaVerify } from './ca';
import {
  emulatorCentralAutoApprove,
  emulatorCentralChange,
  emulatorCentralDevice,
  emulatorCentralDevices,
  emulatorCentralGroup,
  emulatorCentralTemplate,
  emulatorCentralVerify,
} from './central';
import { emulatorDevice, emulatorDevices } from './devices';
import { emulatorEnroll } from './enroll';
import { emulatorEnrollment, emulatorEnrollments } from './enrollments';
import { emulatorGroup } from './group';
import { emulatorInvoke } from './invoke';
import { emulatorSend } from './send';
import { emulatorStatus, emulatorStop } from './status';
import { emulatorTwin } from './twin';
import { emulatorWatch } from './watch';

/** The commands of the group `emulator`, in the order of its help. */
export const EMULATOR_COMMANDS: readonly Command[] = [
  emulator,
  emulatorStatus,
  emulatorStop,
  emulatorEnroll,
  emulatorGroup,
  emulatorCaAdd,
  emulatorCaVerify,
  emulatorEnrollments,
  emulatorEnrollment,
  emulatorCentralDevice,
  emulatorCentralGroup,
  emulatorCentralVerify,
  emulatorCentralDevices,
  emulatorCentralChange,
  emulatorCentralAutoApprove,
  emulatorCentralTemplate,
  emulatorDevices,
  emulatorDevice,
  emulatorSend,
  emulatorInvoke,
  emulatorTwin,
  emulatorWatch,
];
