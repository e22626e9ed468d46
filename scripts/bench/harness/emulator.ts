import type { EmulatorOptions } from 'azure-iot-emulator';
import type { DeviceFiles, Lab } from './lab';
import { Program } from './program';

/** The settings that a participant connects with; see programs/participants. */
export interface DeviceSettings {
  readonly registrationId: string;
  readonly certFile: string;
  readonly keyFile: string;
  readonly idScope: string;
  readonly globalEndpoint: string;
  /** For bare mqtt: where to connect without asking DPS. */
  readonly assignedHub?: string;
  /** For the library: where it remembers its hub. */
  readonly assignmentFile?: string;
  /** Default: the participant's own. */
  readonly keepAliveSeconds?: number;
  /** True if the device subscribes to cloud-to-device messages. */
  readonly listens?: boolean;
}

interface Endpoints {
  readonly globalEndpoint: string;
  readonly idScope: string;
  readonly ca: string;
  readonly hub: string;
}

/** The emulator in a process of its own, so that what it uses is not counted as anybody else's. */
export class EmulatorServer implements AsyncDisposable {
  /** Host name of the hub. */
  readonly hub: string;
  /** For the processes of devices: the emulator's root, trusted as the system's roots are on a device. */
  readonly clientEnv: Readonly<Record<string, string>>;
  readonly #program: Program;
  readonly #endpoints: Endpoints;

  private constructor(program: Program, endpoints: Endpoints, caFile: string) {
    this.#program = program;
    this.#endpoints = endpoints;
    this.hub = endpoints.hub;
    this.clientEnv = { NODE_EXTRA_CA_CERTS: caFile };
  }

  /** With every device of the list enrolled. */
  static async start(
    lab: Lab,
    options: EmulatorOptions,
    devices: readonly DeviceFiles[],
  ): Promise<EmulatorServer> {
    const program = new Program('emulator', { args: [JSON.stringify(options)] });
    try {
      const endpoints = await program.ask<Endpoints>('start');
      const caFile = await lab.write('emulator-ca.pem', endpoints.ca);
      const enrollments = devices.map(({ registrationId, certificate }) => ({
        registrationId,
        primaryCertificate: certificate,
      }));
      await program.ask('enroll', enrollments);
      return new EmulatorServer(program, endpoints, caFile);
    } catch (error) {
      await program.stop();
      throw error;
    }
  }

  /** The settings that the device connects with. */
  settingsOf({ registrationId, certFile, keyFile }: DeviceFiles): DeviceSettings {
    const { idScope, globalEndpoint } = this.#endpoints;
    return { registrationId, certFile, keyFile, idScope, globalEndpoint };
  }

  /** Has DPS assign devices to something in front of the hub. */
  async listensOn(endpoint: string): Promise<void> {
    await this.#program.ask('listensOn', { endpoint });
  }

  /** When devices are back, on the clock of `now`; resolves when so many are, or with fewer when the time is over. */
  async untilBack(devices: number, forMilliseconds: number): Promise<readonly number[]> {
    const order = { devices, forMilliseconds };
    return Object.values(await this.#program.ask<Record<string, number>>('untilBack', order));
  }

  /** The most resident memory that it ever had, in bytes. */
  async peakBytes(): Promise<number> {
    return (await this.#program.ask<{ bytes: number }>('peak')).bytes;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#program.stop();
  }
}
