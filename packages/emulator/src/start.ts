import { CentralApplication } from './central/application';
import { isLoopback, Ports } from './devices/ports';
import { GlobalEndpoint } from './dps/device-api/global-endpoint';
import { DpsInstance } from './dps/instance';
import { RunningEmulator, type Emulator } from './emulator';
import { FaultInjection } from './faults/fault-injection';
import { Hub } from './hub/hub';
import { newIdScope } from './options/id-scope';
import type { ResolvedHub } from './options/resolve';
import type { EmulatorOptions } from './options/types';
import type { ServerIdentity } from './state/server-identity';
import { openState, type State } from './state/state';

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
    `The Azure IoT emulator listens on ${host}: every program that reaches this machine can reach it. It is made for tests; ` +
      'leave out the option host, or use a network that no one else reaches.',
    { code: 'AZURE_IOT_X509_EMULATOR_EXPOSED' },
  );
}

/** Listens for the hubs. Returns their ports by their names. */
async function listenForHubs(
  hubs: readonly (readonly [Hub, ResolvedHub])[],
  ports: Ports,
): Promise<ReadonlyMap<string, number>> {
  const chosen = new Map<string, number>();
  // Hubs with given ports listen first, so that a free port cannot be one of these.
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

/** Creates the services, restores their state, and admits clients. */
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
  const [central] = centralApplications;
  if (central === undefined) throw new Error('the options guarantee an application');
  const hubs = linked.map(([hub]) => hub);
  const dps = new DpsInstance({ idScope, linkedHubs: hubs, unverifiedBehavior });
  const instances = [dps, ...centralApplications.map((central) => central.dps)];
  const endpoint = new GlobalEndpoint(instances, options, unverifiedBehavior);
  const listening = await ports.listen(endpoint, {
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
    // Restored messages have timers, which must be cleared.
    for (const hub of allHubs) hub.dispose();
    throw error;
  }
  injection.attach(
    {
      services: [
        ...allHubs.map(
          (hub) => ({ name: hub.name, kind: 'hub', service: hub, listening: hub, hub }) as const,
        ),
        { name: 'dps', kind: 'dps', service: endpoint, listening },
      ],
      instances,
      linkedHubs: hubs,
      isPortShared: ports.sharedPorts.length > 0,
    },
    identity,
  );
  ports.admitClients();
  return new RunningEmulator({
    globalEndpoint,
    ca,
    dps,
    central,
    centralApplications,
    hubs,
    ports,
    state,
    injection,
  });
}

/**
 * Starts DPS, IoT hubs and IoT Central on the loopback interface, on free ports, over mutual TLS with a new
 * certificate. By default nothing is stored and nothing leaves the machine.
 *
 * @example
 * ```ts
 * await using emulator = await startEmulator({ retryAfterSeconds: 0 });
 * const device = await createSelfSignedCertificate({ commonName: 'sensor-17' });
 * emulator.dps.individualEnrollments.create({ registrationId: 'sensor-17', primaryCertificate: device.certificate });
 * ```
 * @throws InvalidOptionsError listing every option that is wrong or contradicts the state directory; FileError when a file
 * of the state directory is damaged or cannot be written; or the system's error when a port is taken.
 */
export async function startEmulator(options: EmulatorOptions = {}): Promise<Emulator> {
  const state = await openState(options);
  const { host, hostName, sharedPorts, hubs, centralHubs } = state.options;
  let ports: Ports | undefined;
  try {
    const hostNames = [hostName, ...[...hubs, ...centralHubs].map((hub) => hub.hostName)];
    const identity = await state.serverIdentity(hostNames);
    const injection = new FaultInjection();
    const { credentials } = identity;
    const interceptor = injection.interceptor.bind(injection);
    const { announcedPort } = state.options;
    // Some systems resolve localhost to ::1 before 127.0.0.1, and some clients try only the first address.
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
