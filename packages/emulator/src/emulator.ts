import type { CentralApplication } from './central/application';
import type { CentralEmulator } from './central/types';
import type { Ports } from './devices/ports';
import type { DpsInstance } from './dps/instance';
import type { DpsEmulator } from './dps/types/dps';
import type { FaultInjection } from './faults/fault-injection';
import type { Faults } from './faults/types';
import type { Hub } from './hub/hub';
import type { HubEmulator } from './hub/types';
import type { State } from './state/state';

/** DPS, IoT Hub and IoT Central on the loopback interface of this machine. */
export interface Emulator extends AsyncDisposable {
  /** The ID scope of {@link dps}. */
  readonly idScope: string;
  /** `localhost:port`: the provisioning host for devices of DPS and of IoT Central. Without the port if it is 8883. */
  readonly globalEndpoint: string;
  /** The root of the servers' certificates, as PEM. Devices must trust it. */
  readonly ca: string;
  /** The TCP ports of the option `sharedPorts`. The system has chosen those given as 0. Empty without the option. */
  readonly sharedPorts: readonly number[];
  readonly dps: DpsEmulator;
  /** The first of {@link centralApplications}. */
  readonly central: CentralEmulator;
  /** The IoT Central applications, in the order of the option. */
  readonly centralApplications: readonly CentralEmulator[];
  /** The hubs that are linked to {@link dps}, in the order of the option. */
  readonly hubs: readonly HubEmulator[];
  /** Faults of the network and the services. */
  readonly faults: Faults;
  /** The hub with that host name (`localhost:port`). The hubs behind IoT Central applications are included. */
  findHub(hostName: string): HubEmulator | undefined;
  /**
   * Disconnects every client and frees the ports; afterwards no socket and no timer is left. Idempotent, never rejects.
   */
  close(): Promise<void>;
}

/** The parts of a running emulator. */
export interface EmulatorParts {
  readonly globalEndpoint: string;
  readonly ca: string;
  readonly dps: DpsInstance;
  readonly central: CentralApplication;
  readonly centralApplications: readonly CentralApplication[];
  readonly hubs: readonly Hub[];
  readonly ports: Ports;
  readonly state: State;
  readonly injection: FaultInjection;
}

/** A running emulator. */
export class RunningEmulator implements Emulator {
  readonly #parts: EmulatorParts;
  #closing: Promise<void> | undefined;

  constructor(parts: EmulatorParts) {
    this.#parts = parts;
  }

  get idScope(): string {
    return this.#parts.dps.idScope;
  }

  get globalEndpoint(): string {
    return this.#parts.globalEndpoint;
  }

  get ca(): string {
    return this.#parts.ca;
  }

  get sharedPorts(): readonly number[] {
    return this.#parts.ports.sharedPorts;
  }

  get dps(): DpsInstance {
    return this.#parts.dps;
  }

  get central(): CentralApplication {
    return this.#parts.central;
  }

  get centralApplications(): readonly CentralApplication[] {
    return this.#parts.centralApplications;
  }

  get hubs(): readonly Hub[] {
    return this.#parts.hubs;
  }

  get faults(): Faults {
    return this.#parts.injection.faults;
  }

  findHub(hostName: string): Hub | undefined {
    return this.#allHubs().find((hub) => hub.hostName.toLowerCase() === hostName.toLowerCase());
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #close(): Promise<void> {
    const { injection, ports, state } = this.#parts;
    injection.close();
    await ports.close();
    // No device can register any more, because none is connected.
    for (const { dps } of [this, ...this.centralApplications]) dps.dispose();
    // Waiting messages are stored before the queues are discarded.
    await state.close();
    for (const hub of this.#allHubs()) hub.dispose();
    await Promise.all(this.#allHubs().map((hub) => hub.finish()));
  }

  #allHubs(): readonly Hub[] {
    return [...this.hubs, ...this.centralApplications.map(({ hub }) => hub)];
  }
}
