import type { ServiceName } from 'azure-iot-certificates';

/** The parts of a {@link CommandError}. */
export interface CommandErrorInit {
  readonly message: string;
  /** The remedy, in terms of the command line. */
  readonly remedy: string;
  /** Stable and machine-readable, for `--json`. */
  readonly code: string;
  readonly isTransient?: boolean | undefined;
  readonly service?: ServiceName | undefined;
  readonly serviceCode?: number | undefined;
  readonly trackingId?: string | undefined;
  readonly cause?: unknown;
}

/** A command failed; its message and remedy speak of flags and files. The exit code is 1. */
export class CommandError extends Error {
  readonly code: string;
  readonly remedy: string;
  readonly isTransient: boolean;
  readonly service: ServiceName | undefined;
  readonly serviceCode: number | undefined;
  readonly trackingId: string | undefined;

  constructor(init: CommandErrorInit) {
    super(init.message, init.cause === undefined ? undefined : { cause: init.cause });
    this.name = 'CommandError';
    this.code = init.code;
    this.remedy = init.remedy;
    this.isTransient = init.isTransient ?? false;
    this.service = init.service;
    this.serviceCode = init.serviceCode;
    this.trackingId = init.trackingId;
  }
}
