import type { Emulator } from '../../index';
import { forward } from '../control/forward';
import { placeOf, type Place } from '../next-steps/place';
import { EXIT } from '../terminal/failure';
import { isInterrupted, type Io } from '../terminal/io';
import { Output } from '../terminal/output';

/** The flags of every command. */
interface CommonFlags {
  readonly state: string;
  readonly json?: true | undefined;
  readonly debug?: true | undefined;
}

/** A running emulator, in its own process. */
export interface Running {
  readonly emulator: Emulator;
  /** Ends `azure-iot-emulator start`. */
  stop(): void;
}

/** Runs a command line in the process of the emulator, or passes it on to that process. Never rejects. */
export type Run = (args: readonly string[], io: Io, running?: Running) => Promise<number>;

interface ContextInit {
  readonly io: Io;
  /** Reads the flags that were given. */
  readonly flags: () => CommonFlags;
  /** The emulator, in its own process. */
  readonly running: Running | undefined;
  readonly run: Run;
}

/** The surroundings of the actions of one command line. */
export class Context {
  readonly io: Io;
  readonly output: Output;
  readonly run: Run;
  /** The command line, with the name of the command. */
  words: readonly string[] = [];
  /** The exit code of a command that does not fail. */
  exitCode: number = EXIT.ok;
  readonly #flags: () => CommonFlags;
  readonly #running: Running | undefined;

  constructor({ io, flags, running, run }: ContextInit) {
    this.io = io;
    this.run = run;
    this.#flags = flags;
    this.#running = running;
    this.output = new Output(io, () => this.flags.json === true);
  }

  get flags(): CommonFlags {
    return this.#flags();
  }

  /** The emulator of `--state`. */
  get place(): Place {
    return placeOf(this.flags.state, this.io);
  }

  /**
   * An action of the running emulator. Another process passes the command line on to the emulator.
   *
   * @param interrupted the exit code after Ctrl-C, for commands that are ended by it; by default they have failed
   */
  inEmulator<Values extends readonly unknown[]>(
    action: (running: Running, ...values: Values) => void | Promise<void>,
    interrupted?: number,
  ): (...values: Values) => Promise<void> {
    return async (...values) => {
      if (this.#running !== undefined) {
        await action(this.#running, ...values);
        return;
      }
      try {
        this.exitCode = await forward(this.words, this.io, this.place);
      } catch (error) {
        if (interrupted === undefined || !isInterrupted(this.io.signal)) throw error;
        this.exitCode = interrupted;
      }
    };
  }
}
