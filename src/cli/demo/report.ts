import type { CentralDeviceStatus, RegistrationStatus } from 'azure-iot-emulator';
import type { EnrollmentKind } from 'azure-iot-certificates';

/** The steps of every kind, in their order. */
export const STEP_NAMES = [
  'certificates',
  'enroll',
  'connect',
  'telemetry',
  'cloud-to-device',
  'direct method',
  'device twin',
  'disconnect',
] as const;

/** The name of one step. */
export type StepName = (typeof STEP_NAMES)[number];

/** What became of one step. */
export interface StepReport {
  readonly name: StepName;
  /** `observed`: the service side saw it happen. `not-run`: an earlier step of the same kind failed. */
  readonly outcome: 'observed' | 'failed' | 'not-run';
  /** What happened, or the message of the error. Empty when the step was not run. */
  readonly detail: string;
  /** What to do about a failed step, where its error says so. */
  readonly remedy?: string;
  readonly milliseconds: number;
}

/** What became of one enrollment kind. */
export interface KindReport {
  readonly kind: EnrollmentKind;
  readonly registrationId: string;
  /** The assigned hub; absent when the device was not connected. */
  readonly hub?: string;
  /** The device's name at the hub; absent when the device was not connected. */
  readonly deviceId?: string;
  /** The status of the DPS registration record or of the IoT Central device; absent when there is none. */
  readonly status?: RegistrationStatus | CentralDeviceStatus;
  /** All of {@link STEP_NAMES}, in that order. */
  readonly steps: readonly StepReport[];
}

/** What became of the demo. */
export interface DemoReport {
  readonly kinds: readonly KindReport[];
}

/** How many steps the service side observed, and how many there are. */
export function countSteps({ kinds }: DemoReport): { observed: number; total: number } {
  const steps = kinds.flatMap((kind) => kind.steps);
  return { observed: steps.filter(({ outcome }) => outcome === 'observed').length, total: steps.length };
}

/** How long all steps of a kind took together. */
export function totalMilliseconds({ steps }: KindReport): number {
  return steps.reduce((sum, { milliseconds }) => sum + milliseconds, 0);
}
