import type { Emulator, HubEmulator } from 'azure-iot-emulator';
import type { EnrollmentKind } from '../../packages/certificates/src/enrollment';

/** The emulator, and the device that an example plays. */
export interface Stage {
  readonly emulator: Emulator;
  readonly hub: HubEmulator;
  /** The registration ID, which is the device ID as well. */
  readonly deviceId: string;
  /** A folder for files that the example needs. */
  readonly directory: string;
  /** Ends when the example has ended, or its time is up. */
  readonly signal: AbortSignal;
}

/** What an example needs besides itself when it runs against the emulator. */
export interface Scenario {
  /** How the device is enrolled. */
  readonly kind: EnrollmentKind;
  /** The program, below `examples/`. */
  readonly file: string;
  /** Prepares what the example finds; answers with further environment variables. */
  readonly prepare?: (stage: Omit<Stage, 'signal'>) => Promise<NodeJS.ProcessEnv>;
  /** Plays the service. Rejects when it does not see what the example promises. */
  readonly serve: (stage: Stage) => Promise<void>;
  /** Tells the program to end, for one that runs until then. */
  readonly endsBy?: NodeJS.Signals;
}
