import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { withDeadline } from '../../network/deadline';
import { startEmulator, type Emulator } from 'azure-iot-emulator';
import { ENROLLMENT_KINDS } from 'azure-iot-certificates/internal';
import { DeviceError, type EnrollmentKind } from 'azure-iot-certificates';
import { TimeoutError } from '../../errors/errors';
import { DEMO_KINDS } from './kinds';
import { STEP_NAMES, type DemoReport, type KindReport, type StepName, type StepReport } from './report';
import { DEMO_STEPS } from './steps';
import { Walk } from './walk';

/** Is told what the demo is doing, as it does it. */
export interface DemoObserver {
  kindStarted(kind: EnrollmentKind): void;
  stepStarted(name: StepName): void;
  stepFinished(report: StepReport): void;
}

/** Options of {@link runDemo}. */
export interface DemoOptions {
  readonly observer?: DemoObserver | undefined;
  /** Aborts the demo, which then cleans up and rejects with `signal.reason`. */
  readonly signal?: AbortSignal | undefined;
  /** How long one step may take, in milliseconds. Default 15 000. */
  readonly stepTimeoutMs?: number | undefined;
  /** How long DPS makes a device wait between two questions, in seconds. Default 1, which is faster than Azure's 3. */
  readonly retryAfterSeconds?: number | undefined;
  /** Where the folder for the certificates is made, which is removed at the end. Default: the system's. */
  readonly temporaryDirectory?: string | undefined;
  /** Called before each step. Tests spoil something here. */
  readonly beforeStep?:
    ((step: { kind: EnrollmentKind; name: StepName; emulator: Emulator }) => void) | undefined;
}

/** The beginning of the name of the folder for the certificates. */
export const DIRECTORY_PREFIX = 'azure-iot-x509-demo-';

/**
 * Takes four devices, one an enrollment kind, from their certificates to messages in both directions, against an
 * emulator of its own. A step that fails ends its kind; the others still run. Leaves nothing behind.
 *
 * @throws `signal.reason` when aborted
 */
export async function runDemo(options: DemoOptions = {}): Promise<DemoReport> {
  const { signal, retryAfterSeconds = 1, temporaryDirectory = tmpdir() } = options;
  signal?.throwIfAborted();
  const directory = await mkdtemp(join(temporaryDirectory, DIRECTORY_PREFIX));
  try {
    await using emulator = await startEmulator({ retryAfterSeconds, pollsBeforeAssigned: 0 });
    const kinds: KindReport[] = [];
    for (const kind of ENROLLMENT_KINDS) {
      options.observer?.kindStarted(kind);
      kinds.push(await runKind(kind, emulator, directory, options));
    }
    return { kinds };
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

async function runKind(
  kind: EnrollmentKind,
  emulator: Emulator,
  directory: string,
  options: DemoOptions,
): Promise<KindReport> {
  const { observer, signal, stepTimeoutMs = 15_000, beforeStep } = options;
  const demo = DEMO_KINDS[kind];
  const walk = new Walk({ kind, demo, emulator, directory, timeoutMs: stepTimeoutMs });
  const steps: StepReport[] = [];
  try {
    for (const name of STEP_NAMES) {
      if (steps.some(({ outcome }) => outcome === 'failed')) {
        steps.push({ name, outcome: 'not-run', detail: '', milliseconds: 0 });
      } else {
        observer?.stepStarted(name);
        beforeStep?.({ kind, name, emulator });
        steps.push(await runStep(name, walk, stepTimeoutMs, signal));
      }
      const step = steps.at(-1);
      if (step) observer?.stepFinished(step);
    }
  } finally {
    await walk.connection?.close();
  }
  return { kind, registrationId: demo.registrationId, ...outcome(walk), steps };
}

async function runStep(
  name: StepName,
  walk: Walk,
  timeoutMs: number,
  signal: AbortSignal | undefined,
): Promise<StepReport> {
  const { doing, run } = DEMO_STEPS[name];
  const onTimeout = () =>
    new TimeoutError({
      message: `The services did not see it happen within ${timeoutMs / 1000} s (${doing}).`,
      remedy:
        'Run the demo again on a computer that is less busy. If it fails again, please report its output.',
    });
  const started = performance.now();
  const milliseconds = () => Math.round(performance.now() - started);
  try {
    const detail = await withDeadline({ timeoutMs, signal, onTimeout }, (attempt) => run(walk, attempt));
    return { name, outcome: 'observed', detail, milliseconds: milliseconds() };
  } catch (error) {
    signal?.throwIfAborted();
    return { name, outcome: 'failed', ...explain(error), milliseconds: milliseconds() };
  }
}

function explain(error: unknown): { detail: string; remedy?: string } {
  if (error instanceof DeviceError) return { detail: error.message, remedy: error.remedy };
  return { detail: error instanceof Error ? error.message : String(error) };
}

/** What the services know about the device at the end. */
function outcome({ demo, emulator, connection }: Walk): Pick<KindReport, 'hub' | 'deviceId' | 'status'> {
  const status = demo.place.status(emulator, demo.registrationId);
  return {
    ...(connection && {
      hub: connection.registration.assignedHub,
      deviceId: connection.registration.deviceId,
    }),
    ...(status !== undefined && { status }),
  };
}
