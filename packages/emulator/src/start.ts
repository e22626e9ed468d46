import { CentralApplication } from './central/application';
import { DpsGateway } from './dps/global-endpoint';
import { newIdScope } from './dps/identifiers';
import { DpsInstance } from './dps/instance';
import { FaultInjection } from './faults/fault-injection';
import type { Faults } from './faults/types';
import { Hub } from './hub/hub';
import type { ResolvedHub } from './options/resolve';
import { isLoopback, Ports } from './devices/ports';
import type { ServerIdentity } from './state/server-identity';
import { openState, type State } from './state/state';
import type { Emulator, EmulatorOptions } from './options/types';

/** An ID scope that no other instance has. */
function newUniqueIdScope(taken: Set<string>): string {
  const idScope = newIdScope();
  if (taken.has(idScope)) return newUniqueIdScope(taken);
  taken.add(idScope);
  return idScope;
}

function warnIfExposed(host: string): void {
  if (isLoopback(host)) return;
  process.emitWarning(
    `The Azure IoT emulator listens on ${host}: whoever reaches this machine can reach it. It is made for tests; ` +
      'leave out the option host, or let nobody else into the network.',
    { code: 'AZURE_IOT_X509_EMULATOR_EXPOSED' },
  );
}

interface Parts {
  readonly globalEndpoint: string;
  readonly ca: string;
  readonly dps: DpsInstance;
  readonly centralApplications: readonly CentralApplication[];
  readonly hubs: readonly Hub[];
  readonly ports: Ports;
  readonly state: State;
  readonly injection: FaultInjection;
}

/** A running emulator. */
class RunningEmulator implements Emulator {
  readonly idScope: string;
  readonly globalEndpoint: string;
  readonly ca: string;
  readonly sharedPorts: readonly number[];
  readonly dps: DpsInstance;
  readonly central: CentralApplication;
  readonly centralApplications: readonly CentralApplication[];
  readonly hubs: readonly Hub[];
  readonly faults: Faults;
  readonly #ports: Ports;
  readonly #state: State;
  readonly #injection: FaultInjection;
  #closing: Promise<void> | undefined;

  constructor(init: Parts) {
    this.idScope = init.dps.idScope;
    this.globalEndpoint = init.globalEndpoint;
    this.ca = init.ca;
    this.dps = init.dps;
    const [central] = init.centralApplications;
    if (central === undefined) throw new Error('the options guarantee an application');
    this.central = central;
    this.centralApplications = init.centralApplications;
    this.hubs = init.hubs;
    this.#ports = init.ports;
    this.sharedPorts = init.ports.sharedPorts;
    this.#state = init.state;
    this.#injection = init.injection;
    this.faults = init.injection.faults;
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
    this.#injection.close();
    await this.#ports.close();
    // Whoever asked is gone; nobody new can ask.
    for (const { dps } of [this, ...this.centralApplications]) dps.dispose();
    // What waits is kept before it is forgotten.
    await this.#state.close();
    for (const hub of this.#allHubs()) hub.dispose();
    await Promise.all(this.#allHubs().map((hub) => hub.finish()));
  }

  #allHubs(): readonly Hub[] {
    return [...this.hubs, ...this.centralApplications.map(({ hub }) => hub)];
  }
}

/** Listens for the hubs, and answers with their ports by their names. */
async function listenForHubs(
  hubs: readonly (readonly [Hub, ResolvedHub])[],
  ports: Ports,
): Promise<ReadonlyMap<string, number>> {
  const chosen = new Map<string, number>();
  // A free port must not be the one that another hub has to have.
  const settledFirst = [...hubs].sort(
    ([, left], [, right]) => Number(left.port === 0) - Number(right.port === 0),
  );
  for (const [hub, { hostName, port }] of settledFirst) {
    const disconnectAll = hub.disconnectAll.bind(hub);
    const listening = await ports.listen(hub, { hostName, port, disconnectAll });
    hub.listensOn(listening.endpoint, listening);
    chosen.set(hub.name, listening.port);
  }
  return chosen;
}

/** Makes the services, gives them back what was kept, and lets clients in. */
async function startServices(
  state: State,
  ports: Ports,
  injection: FaultInjection,
  identity: ServerIdentity,
): Promise<Emulator> {
  const { ca } = identity;
  const { options } = state;
  const { unverifiedBehavior, idScope } = options;
  const create = (hub: ResolvedHub) => [new Hub(hub, unverifiedBehavior, options.fileUploads), hub] as const;
  const linked = options.hubs.map(create);
  const hidden = options.centralHubs.map(create);
  const hubPorts = await listenForHubs([...linked, ...hidden], ports);

  const idScopes = new Map(state.idScopes);
  const taken = new Set([idScope, ...idScopes.values()]);
  const centralApplications = hidden.map(([hub]) => {
    const scope = idScopes.get(hub.name) ?? newUniqueIdScope(taken);
    idScopes.set(hub.name, scope);
    return new CentralApplication(scope, hub, unverifiedBehavior);
  });
  const hubs = linked.map(([hub]) => hub);
  const dps = new DpsInstance({ idScope, linkedHubs: hubs, unverifiedBehavior });
  const instances = [dps, ...centralApplications.map((central) => central.dps)];
  const gateway = new DpsGateway(instances, options, unverifiedBehavior);
  const listening = await ports.listen(gateway, {
    hostName: options.hostName,
    port: options.port,
    disconnectAll: () => undefined,
  });
  const { endpoint: globalEndpoint, port } = listening;

  const allHubs = [...linked, ...hidden].map(([hub]) => hub);
  try {
    for (const hub of allHubs) state.keep({ kind: 'hub', name: hub.name }, hub);
    state.keep({ kind: 'dps' }, dps);
    for (const central of centralApplications) {
      state.keep({ kind: 'central', name: central.hub.name }, central);
    }
    await state.begin({ port, sharedPorts: ports.sharedPorts, hubPorts, idScopes });
  } catch (error) {
    // What was given back to them already may be waiting for its time.
    for (const hub of allHubs) hub.dispose();
    throw error;
  }
  injection.attach(
    {
      services: [
        ...allHubs.map(
          (hub) => ({ name: hub.name, kind: 'hub', service: hub, listening: hub, hub }) as const,
        ),
        { name: 'dps', kind: 'dps', service: gateway, listening },
      ],
      instances,
      linkedHubs: hubs,
      isPortShared: ports.sharedPorts.length > 0,
    },
    identity,
  );
  ports.letIn();
  return new RunningEmulator({
    globalEndpoint,
    ca,
    dps,
    centralApplications,
    hubs,
    ports,
    state,
    injection,
  });
}

/**
 * Starts DPS, IoT hubs and IoT Central on the loopback interface, on free ports, over mutual TLS with a certificate made for the
 * occasion. Unless the options say otherwise, nothing is stored and nothing leaves the machine.
 *
 * @example
 * ```ts
 * await using emulator = await startEmulator({ retryAfterSeconds: 0 });
 * const device = await createSelfSignedCertificate({ commonName: 'sensor-17' });
 * emulator.dps.individualEnrollments.create({ registrationId: 'sensor-17', primaryCertificate: device.certificate });
 * ```
 * @throws InvalidOptionsError listing every option that is wrong, also one that does not go with what was kept; FileError
 * when a file of the state directory is damaged or cannot be written; or the system's error when a port is taken.
 */
export async function startEmulator(options: EmulatorOptions = {}): Promise<Emulator> {
  const state = await openState(options);
  const { host, hostName, sharedPorts, hubs, centralHubs } = state.options;
  let ports: Ports | undefined;
  try {
    const hostNames = [hostName, ...[...hubs, ...centralHubs].map((hub) => hub.hostName)];
    const identity = await state.serverIdentity(hostNames);
    const injection = new FaultInjection(state.options.seed);
    const { credentials } = identity;
    const interceptor = injection.interceptor.bind(injection);
    const { announcedPort } = state.options;
    // Some systems find ::1 under the name localhost before 127.0.0.1, and some clients look no further.
    const alternativeHost = options.host === undefined ? '::1' : undefined;
    ports = await Ports.open({
      ...{ credentials, host, alternativeHost, sharedPorts, announcedPort, interceptor },
    });
    const emulator = await startServices(state, ports, injection, identity);
    warnIfExposed(host);
    return emulator;
  } catch (error) {
    await ports?.close();
    await state.close();
    throw state.explain(error);
  }
}
