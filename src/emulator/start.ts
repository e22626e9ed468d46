import { createRootCertificate } from '../certificates';
import { createServerCertificate } from '../certificates/server';
import { CentralApplication } from './central/application';
import { DpsGateway } from './dps/gateway';
import { newIdScope } from './dps/identifiers';
import { DpsInstance } from './dps/instance';
import { Hub } from './hub/hub';
import { MqttListener, type ServerCredentials } from './mqtt/listener';
import type { MqttService } from './mqtt/service';
import { resolveOptions } from './options';
import type { Emulator, EmulatorOptions } from './types';

/** The servers' name: it has to be in their certificate, and `localhost` is what clients send as SNI. */
const HOST = 'localhost';

interface ServerIdentity {
  readonly ca: string;
  readonly credentials: ServerCredentials;
}

async function createServerIdentity(): Promise<ServerIdentity> {
  const issuer = await createRootCertificate({ commonName: 'azure-iot-x509 emulator root' });
  const server = await createServerCertificate({
    commonName: HOST,
    issuer,
    hostNames: [HOST, '127.0.0.1', '::1'],
  });
  return {
    ca: issuer.certificate,
    credentials: { certificate: server.fullChain, privateKey: server.privateKey },
  };
}

/** A central's ID scope that is not the one of DPS. */
function otherIdScope(taken: string): string {
  const idScope = newIdScope();
  return idScope === taken ? otherIdScope(taken) : idScope;
}

interface Parts {
  readonly globalEndpoint: string;
  readonly ca: string;
  readonly dps: DpsInstance;
  readonly central: CentralApplication;
  readonly hubs: readonly Hub[];
  readonly listeners: readonly MqttListener[];
}

/** A running emulator. */
class RunningEmulator implements Emulator {
  readonly idScope: string;
  readonly globalEndpoint: string;
  readonly ca: string;
  readonly dps: DpsInstance;
  readonly central: CentralApplication;
  readonly hubs: readonly Hub[];
  readonly #listeners: readonly MqttListener[];

  constructor(init: Parts) {
    this.idScope = init.dps.idScope;
    this.globalEndpoint = init.globalEndpoint;
    this.ca = init.ca;
    this.dps = init.dps;
    this.central = init.central;
    this.hubs = init.hubs;
    this.#listeners = init.listeners;
  }

  findHub(hostName: string): Hub | undefined {
    return [...this.hubs, this.central.hub].find((hub) => hub.hostName === hostName.toLowerCase());
  }

  async close(): Promise<void> {
    await Promise.all(this.#listeners.map((listener) => listener.close()));
    for (const hub of [...this.hubs, this.central.hub]) hub.dispose();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}

/**
 * Starts DPS, IoT hubs and IoT Central on 127.0.0.1, on free ports, over mutual TLS with a certificate made for the
 * occasion. Nothing is stored and nothing leaves the machine.
 *
 * @example
 * ```ts
 * await using emulator = await startEmulator({ retryAfterSeconds: 0 });
 * const device = await createSelfSignedCertificate({ commonName: 'sensor-17' });
 * emulator.dps.individualEnrollments.create({ registrationId: 'sensor-17', primaryCertificate: device.certificate });
 * ```
 * @throws InvalidOptionsError listing every option that is wrong.
 */
export async function startEmulator(options: EmulatorOptions = {}): Promise<Emulator> {
  const { hubs: names, idScope, unverifiedBehavior, ...polling } = resolveOptions(options);
  const { ca, credentials } = await createServerIdentity();
  const listeners: MqttListener[] = [];
  const listen = async (service: MqttService): Promise<{ endpoint: string; listener: MqttListener }> => {
    const listener = await MqttListener.listen(service, credentials);
    listeners.push(listener);
    return { endpoint: `${HOST}:${listener.port}`, listener };
  };
  try {
    const hubs = names.map((name) => new Hub(name, unverifiedBehavior));
    const central = new CentralApplication(
      otherIdScope(idScope),
      new Hub('central', unverifiedBehavior),
      unverifiedBehavior,
    );
    for (const hub of [...hubs, central.hub]) {
      const { endpoint, listener } = await listen(hub);
      hub.listensOn(endpoint, listener);
    }
    const dps = new DpsInstance({ idScope, linkedHubs: hubs, unverifiedBehavior });
    const gateway = new DpsGateway([dps, central.dps], polling, unverifiedBehavior);
    const { endpoint: globalEndpoint } = await listen(gateway);
    return new RunningEmulator({ globalEndpoint, ca, dps, central, hubs, listeners });
  } catch (error) {
    await Promise.all(listeners.map((listener) => listener.close()));
    throw error;
  }
}
