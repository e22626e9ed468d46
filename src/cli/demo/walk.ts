import type { EnrollmentKind, WrittenCertificate } from 'azure-iot-certificates';
import type { DeviceConnection } from '../../connection/device-connection';
import type { Emulator, HubEmulator } from 'azure-iot-emulator';
import type { DemoCertificates } from './certificates';
import type { DeviceProgram } from './device-program';
import type { DemoKind } from './kinds';

/** A connected device and the hub that sees it. */
export interface Session {
  readonly connection: DeviceConnection;
  readonly program: DeviceProgram;
  readonly hub: HubEmulator;
  readonly deviceId: string;
}

/** One kind's way through the steps; each step leaves what the next ones need. */
export class Walk {
  readonly kind: EnrollmentKind;
  readonly demo: DemoKind;
  readonly emulator: Emulator;
  /** Where the certificates are written. */
  readonly directory: string;
  /** How long connecting may take, in milliseconds. */
  readonly timeoutMs: number;
  connection: DeviceConnection | undefined;
  #certificates: (DemoCertificates & { readonly files: WrittenCertificate }) | undefined;
  #session: Session | undefined;

  constructor(init: Pick<Walk, 'kind' | 'demo' | 'emulator' | 'directory' | 'timeoutMs'>) {
    this.kind = init.kind;
    this.demo = init.demo;
    this.emulator = init.emulator;
    this.directory = init.directory;
    this.timeoutMs = init.timeoutMs;
  }

  get certificates(): DemoCertificates & { readonly files: WrittenCertificate } {
    return given(this.#certificates);
  }

  set certificates(certificates: DemoCertificates & { readonly files: WrittenCertificate }) {
    this.#certificates = certificates;
  }

  get session(): Session {
    return given(this.#session);
  }

  set session(session: Session) {
    this.#session = session;
  }
}

function given<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('The steps are run in their order.');
  return value;
}
