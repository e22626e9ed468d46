import { connectDevice } from 'azure-iot-x509';
import { createSelfSignedCertificate } from 'azure-iot-certificates';
import { startEmulator, type DpsEmulator, type Emulator, type HubEmulator } from 'azure-iot-emulator';
import { ChaosProxy } from '../../test/support/chaos-proxy';
import { enrollDevice } from '../../test/support/enrolled-device';
import { SoakDevice } from './device';
import { Ledger } from './ledger';
import { KEEP_ALIVE_SECONDS, RECONNECT } from './timing';

/** All that takes part. */
export interface World {
  readonly emulator: Emulator;
  readonly devices: readonly SoakDevice[];
  readonly ledger: Ledger;
  /** In front of each hub. */
  readonly proxies: readonly ChaosProxy[];
  readonly dpsProxy: ChaosProxy;
}

/** The functions that close everything at the end, in that order. */
export type Closers = (() => Promise<void>)[];

interface SoakKind {
  /** Has DPS assign the device to one of these hubs from now on. */
  readonly allow: (dps: DpsEmulator, id: string, iotHubs: string[]) => void;
  /** True if a device can make its own new certificate, without a certificate authority. */
  readonly isRenewable: boolean;
}

const KINDS = {
  'hub-individual': {
    allow: (dps, id, iotHubs) => dps.individualEnrollments.update(id, { iotHubs }),
    isRenewable: true,
  },
  'hub-group': {
    allow: (dps, id, iotHubs) => dps.enrollmentGroups.update(`${id}-ca`, { iotHubs }),
    isRenewable: false,
  },
} satisfies Record<string, SoakKind>;

/** The hub that the device is assigned to now. */
export function hubOf({ emulator }: World, { id }: SoakDevice): HubEmulator | undefined {
  return emulator.hubs.find((hub) => hub.devices.get(id) !== undefined);
}

/** Starts an emulator, proxies in front of it, and devices that connect through them. */
export async function buildWorld(deviceCount: number, closers: Closers): Promise<World> {
  const emulator = await startEmulator({
    hubs: ['north', 'south'],
    retryAfterSeconds: 0,
    pollsBeforeAssigned: 1,
  });
  closers.push(() => emulator.close());
  const ledger = new Ledger();
  const proxies: ChaosProxy[] = [];
  for (const hub of emulator.hubs) {
    const proxy = await startProxy(hub.hostName, closers);
    proxies.push(proxy);
    moveBehind(hub, proxy.endpoint);
    ledger.watch(hub);
  }
  const dpsProxy = await startProxy(emulator.globalEndpoint, closers);
  const devices = await Promise.all(
    Array.from({ length: deviceCount }, (_, index) =>
      startDevice(emulator, dpsProxy.endpoint, index, closers),
    ),
  );
  return { emulator, devices, ledger, proxies, dpsProxy };
}

/**
 * From here on, DPS sends devices to the proxy, and the hub takes its name for its own. No public interface has this.
 */
function moveBehind(hub: HubEmulator & { listensOn?: (endpoint: string) => void }, endpoint: string): void {
  if (hub.listensOn === undefined) throw new Error('The hub cannot be moved behind a proxy.');
  hub.listensOn(endpoint);
}

async function startProxy(endpoint: string, closers: Closers): Promise<ChaosProxy> {
  const proxy = await ChaosProxy.start(endpoint);
  closers.push(() => proxy.close());
  return proxy;
}

/** Every second device is in a group, and every third uses WebSockets. */
async function startDevice(
  emulator: Emulator,
  globalEndpoint: string,
  index: number,
  closers: Closers,
): Promise<SoakDevice> {
  const { dps } = emulator;
  const enrollment = index % 2 === 0 ? 'hub-individual' : 'hub-group';
  const kind: SoakKind = KINDS[enrollment];
  const id = `soak-${index + 1}`;
  const enrolled = await enrollDevice(emulator, enrollment, id);
  const allow = (hub: HubEmulator): void => kind.allow(dps, id, [hub.name]);
  allow(enrolled.hub);
  const connection = await connectDevice({
    ...enrolled.options,
    globalEndpoint,
    transport: index % 3 === 2 ? 'mqtt-ws' : 'mqtt',
    keepAliveSeconds: KEEP_ALIVE_SECONDS,
    reconnect: RECONNECT,
  });
  closers.unshift(() => connection.close());
  // As the guide to rolling certificates says: the new one comes second, is used, and then comes first.
  const renew = async (): Promise<void> => {
    const { fullChain, certificate, privateKey } = await createSelfSignedCertificate({
      commonName: id,
      subject: { organization: 'Contoso' },
    });
    dps.individualEnrollments.update(id, { secondaryCertificate: certificate });
    await connection.updateCredentials({ cert: fullChain, key: privateKey });
    dps.individualEnrollments.update(id, { primaryCertificate: certificate });
  };
  return SoakDevice.start({ id, connection, allow, renew: kind.isRenewable ? renew : undefined });
}
