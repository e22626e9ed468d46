import { InvalidOptionsError } from 'azure-iot-certificates';
import { resolveOptions, type ResolvedOptions } from '../options/resolve';
import type { EmulatorOptions, HubOptions } from '../options/types';
import type { Persistent } from '../stored/persistent';
import { completeOptions, storedPorts } from './complete-options';
import { systemCode, unusableStateDirectory } from './problems';
import { createServerIdentity, type ServerIdentity } from './server-identity';
import { readSettings, writeSettings, type Settings, type StoredApplication } from './settings';
import { StateDirectory, type StateFile } from './state-directory';

/** The addresses of a started emulator. Ports are 0 where they are shared. */
interface Addresses {
  /** The port of the global endpoint. */
  readonly port: number;
  readonly sharedPorts: readonly number[];
  /** The ports by the names of all hubs, those of applications included. */
  readonly hubPorts: ReadonlyMap<string, number>;
  /** The ID scopes by the names of the applications. */
  readonly idScopes: ReadonlyMap<string, string>;
}

/** The stored state of an emulator. */
export interface State {
  /** The options, completed by the stored settings and the defaults. */
  readonly options: ResolvedOptions;
  /** The stored ID scopes of IoT Central applications by their names. */
  readonly idScopes: ReadonlyMap<string, string>;
  serverIdentity(hostNames: readonly string[]): Promise<ServerIdentity>;
  /** Restores a service, and keeps its changes from then on. @throws FileError */
  keep(file: StateFile, persistent: Persistent): void;
  /** Writes the state of the services, when all have started. @throws FileError */
  begin(addresses: Addresses): Promise<void>;
  /** The error for a taken port: it names the file that the port comes from. */
  explain(error: unknown): unknown;
  /** Idempotent, never rejects. */
  close(): Promise<void>;
}

/** @throws InvalidOptionsError listing every option that is wrong. @throws FileError about the state directory. */
export async function openState(options: EmulatorOptions): Promise<State> {
  const resolved = resolveOptions(options);
  if (resolved.stateDirectory === undefined) return new NoState(resolved);
  const directory = await StateDirectory.open(resolved.stateDirectory);
  try {
    return new KeptState(options, directory);
  } catch (error) {
    await directory.close();
    throw error;
  }
}

/** The state of an emulator without a folder. */
class NoState implements State {
  readonly options: ResolvedOptions;
  readonly idScopes = new Map<string, string>();

  constructor(options: ResolvedOptions) {
    this.options = options;
  }

  serverIdentity(hostNames: readonly string[]): Promise<ServerIdentity> {
    return createServerIdentity(hostNames);
  }

  keep(): void {
    // Nothing is stored.
  }

  async begin(): Promise<void> {
    // Nothing is stored.
  }

  explain(error: unknown): unknown {
    return error;
  }

  async close(): Promise<void> {
    // Nothing is open.
  }
}

const SETTINGS: StateFile = { kind: 'emulator' };

/** The state in a folder. */
class KeptState implements State {
  readonly options: ResolvedOptions;
  readonly idScopes: ReadonlyMap<string, string>;
  readonly #directory: StateDirectory;
  /** The options completed by the stored settings, without defaults. */
  readonly #completed: EmulatorOptions;
  readonly #storedPorts: ReadonlyMap<number, string>;

  constructor(options: EmulatorOptions, directory: StateDirectory) {
    this.#directory = directory;
    const settings = directory.read(SETTINGS, readSettings);
    const applications = settings?.centralApplications ?? [];
    this.#completed = settings === undefined ? options : completeOptions(options, settings);
    const resolved = resolveOptions(this.#completed);
    checkIdScope(resolved.idScope, applications);
    const isShared = resolved.sharedPorts.length > 0;
    this.options = {
      ...resolved,
      centralHubs: resolved.centralHubs.map((hub) => {
        const stored = applications.find(({ name }) => name === hub.name);
        return { ...hub, port: isShared ? 0 : (stored?.port ?? 0) };
      }),
    };
    this.idScopes = new Map(applications.map(({ name, idScope }) => [name, idScope]));
    this.#storedPorts = settings === undefined ? new Map() : storedPorts(options, settings);
    const { hubs, centralHubs } = resolved;
    directory.checkNothingLeftOut(
      hubs.map(({ name }) => name),
      centralHubs.map(({ name }) => name),
    );
  }

  serverIdentity(hostNames: readonly string[]): Promise<ServerIdentity> {
    return this.#directory.serverIdentity(hostNames);
  }

  keep(file: StateFile, persistent: Persistent): void {
    this.#directory.keep(file, persistent);
  }

  async begin({ port, sharedPorts, hubPorts, idScopes }: Addresses): Promise<void> {
    const { idScope, hostName, announcedPort, hubs, centralHubs } = this.options;
    const portOfHub = (name: string): number => hubPorts.get(name) ?? 0;
    const settings: Settings = {
      idScope,
      hostName,
      port,
      sharedPorts,
      ...(announcedPort !== undefined && { announcedPort }),
      hubs: hubs.map(({ name }) => ({ ...this.#given(name), port: portOfHub(name) })),
      centralApplications: centralHubs.map(({ name }) => {
        return { name, idScope: idScopes.get(name) ?? '', port: portOfHub(name) };
      }),
    };
    this.#directory.keepFixed(SETTINGS, writeSettings(settings));
    await this.#directory.begin();
  }

  explain(error: unknown): unknown {
    if (systemCode(error) !== 'EADDRINUSE') return error;
    const port = portOf(error);
    const place = port === undefined ? undefined : this.#storedPorts.get(port);
    if (port === undefined || place === undefined) return error;
    return unusableStateDirectory(
      `keeps TCP port ${port} (${place} in ${this.#directory.pathOf(SETTINGS)}), and another program listens on it.`,
      'Stop that program. Or pass another port, or remove the line for a free one; devices then have to learn the new one.',
    );
  }

  async close(): Promise<void> {
    await this.#directory.close();
  }

  /** The given options of the hub, without defaults. */
  #given(name: string): HubOptions {
    const hub = this.#completed.hubs?.find((each) => (typeof each === 'string' ? each : each.name) === name);
    return typeof hub === 'object' ? hub : { name };
  }
}

/** Checks that no other instance of DPS has the ID scope, which identifies it. */
function checkIdScope(idScope: string, applications: readonly StoredApplication[]): void {
  const owner = applications.find((application) => application.idScope === idScope);
  if (owner === undefined) return;
  throw new InvalidOptionsError([
    {
      option: 'idScope',
      message: `is the one that the IoT Central application ${owner.name} has.`,
      remedy: 'Pass another one, or leave it out for the one that was kept.',
    },
  ]);
}

function portOf(error: unknown): number | undefined {
  const hasPort = typeof error === 'object' && error !== null && 'port' in error;
  return hasPort && typeof error.port === 'number' ? error.port : undefined;
}
