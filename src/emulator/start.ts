import { createRootCertificate } from '../certificates';
import { createServerCertificate } from '../certificates/server';
import { CentralApplication } from './central/application';
import { DpsGateway } from './dps/gateway';
import { newIdScope } from './dps/identifiers';
import { DpsInstance } from './dps/instance';
import { Hub } from './hub/hub';
import type { ServerCredentials } from './mqtt/listener';
import { resolveOptions, type ResolvedHub, type ResolvedOptions } from './options';
import { isLoopback, Ports } from './ports';
import type { Emulator, EmulatorOptions } from './types';

interface ServerIdentity {
  readonly ca: string;
  readonly credentials: ServerCredentials;
}

async function createServerIdentity(hostNames: readonly string[]): Promise<ServerIdentity> {
  const issuer = await createRootCertificate({ commonName: 'azure-iot-x509 emulator root' });
  const [commonName = 'localhost'] = hostNames;
  const server = await createServerCertificate({
    commonName,
    issuer,
    hostNames: [...new Set([...hostNames, 'localhost', '127.0.0.1', '::1'])],
  });
  return {
    ca: issuer.certificate,
    credentials: { certificate: server.fullChain, privateKey: server.privateKey },
  };
}

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
}

/** A running emulator. */
class RunningEmulator implements Emulator {
  readonly idScope: string;
  readonly globalEndpoint: string;
  readonly ca: string;
  readonly dps: DpsInstance;
  readonly central: CentralApplication;
  readonly centralApplications: readonly CentralApplication[];
  readonly hubs: readonly Hub[];
  readonly #ports: Ports;

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
  }

  findHub(hostName: string): Hub | undefined {
    return this.#allHubs().find((hub) => hub.hostName.toLowerCase() === hostName.toLowerCase());
  }

  async close(): Promise<void> {
    await this.#ports.close();
    for (const hub of this.#allHubs()) hub.dispose();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #allHubs(): readonly Hub[] {
    return [...this.hubs, ...this.centralApplications.map(({ hub }) => hub)];
  }
}

/** Makes the hub reachable. */
async function listen(hub: Hub, { hostName, port }: ResolvedHub, ports: Ports): Promise<void> {
  const listening = await ports.listen(hub, {
    hostName,
    port,
    disconnectAll: (reason) => hub.disconnectAll(reason),
  });
  hub.listensOn(listening.endpoint, listening);
}

async function startServices(options: ResolvedOptions, ports: Ports, ca: string): Promise<Emulator> {
  const { unverifiedBehavior, idScope } = options;
  const idScopes = new Set([idScope]);
  const createHub = async (resolved: ResolvedHub): Promise<Hub> => {
    const hub = new Hub(resolved, unverifiedBehavior);
    await listen(hub, resolved, ports);
    return hub;
  };
  const createCentral = async (resolved: ResolvedHub): Promise<CentralApplication> =>
    new CentralApplication(newUniqueIdScope(idScopes), await createHub(resolved), unverifiedBehavior);
  const hubs: Hub[] = [];
  for (const hub of options.hubs) hubs.push(await createHub(hub));
  const centralApplications: CentralApplication[] = [];
  for (const hub of options.centralHubs) centralApplications.push(await createCentral(hub));

  const dps = new DpsInstance({ idScope, linkedHubs: hubs, unverifiedBehavior });
  const instances = [dps, ...centralApplications.map((central) => central.dps)];
  const gateway = new DpsGateway(instances, options, unverifiedBehavior);
  const { endpoint: globalEndpoint } = await ports.listen(gateway, {
    hostName: options.hostName,
    port: options.port,
    disconnectAll: () => undefined,
  });
  return new RunningEmulator({ globalEndpoint, ca, dps, centralApplications, hubs, ports });
}

/**
 * Starts DPS, IoT hubs and IoT Central on 127.0.0.1, on free ports, over mutual TLS with a certificate made for the
 * occasion. Unless the options say otherwise, nothing is stored and nothing leaves the machine.
 *
 * @example
 * ```ts
 * await using emulator = await startEmulator({ retryAfterSeconds: 0 });
 * const device = await createSelfSignedCertificate({ commonName: 'sensor-17' });
 * emulator.dps.individualEnrollments.create({ registrationId: 'sensor-17', primaryCertificate: device.certificate });
 * ```
 * @throws InvalidOptionsError listing every option that is wrong, or the system's error when a port is taken.
 */
export async function startEmulator(options: EmulatorOptions = {}): Promise<Emulator> {
  const resolved = resolveOptions(options);
  const { host, hostName, sharedPorts, hubs, centralHubs } = resolved;
  warnIfExposed(host);
  const hostNames = [hostName, ...[...hubs, ...centralHubs].map((hub) => hub.hostName)];
  const { ca, credentials } = await createServerIdentity(hostNames);
  const ports = await Ports.open({ credentials, host, sharedPorts });
  try {
    return await startServices(resolved, ports, ca);
  } catch (error) {
    await ports.close();
    throw error;
  }
}
