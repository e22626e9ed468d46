import { setTimeout } from 'node:timers/promises';
import { ChaosProxy, type ProxiedLink } from '../../../test/support/chaos-proxy';
import { EmulatorServer } from '../harness/emulator';
import { Fleet } from '../harness/fleet';
import type { Bench, Group, Participant } from '../harness/group';
import type { DeviceFiles, Lab } from '../harness/lab';
import { now } from '../harness/program';

const KEEP_ALIVE_SECONDS = 5;
/** The library takes a connection that breaks before it is this old for one more failed attempt, and waits longer. */
const STABLE_MS = 10_500;
/** The longest wait for a device to reconnect, or to detect a dead link. */
const MAX_WAIT_MS = 20_000;

/** Devices that are connected through a proxy. */
interface World {
  readonly devices: number;
  readonly server: EmulatorServer;
  readonly proxy: ChaosProxy;
}

/** Breaks the links of the devices; resolves with the time that each of them took, in milliseconds. */
type Scenario = (world: World) => Promise<readonly number[]>;

const SCENARIOS: Readonly<Record<string, Scenario>> = {
  'closed (FIN), until it is back': (world) => untilBack(world, (link) => link.end()),
  'reset (RST), until it is back': (world) => untilBack(world, (link) => link.reset()),
  'silent, until it is noticed': untilNoticed,
};

async function run({ lab, isQuick, record, note }: Bench): Promise<void> {
  const devices = await lab.devices(isQuick ? 3 : 20);
  note(
    `${devices.length} devices of each, which listen to cloud-to-device messages and have a keep-alive of ${KEEP_ALIVE_SECONDS} s. ${MAX_WAIT_MS / 1000} s means that it was not waited for any longer.`,
  );
  const runs = Object.entries(SCENARIOS).flatMap(([name, scenario]) =>
    (['official', 'library'] as const).map((participant) => ({ name, scenario, participant })),
  );
  // It is waiting that is measured, so nobody is in anybody's way.
  const times = await Promise.all(
    runs.map(({ participant, scenario }) => measure(participant, scenario, devices, lab)),
  );
  for (const [index, { name, participant }] of runs.entries()) {
    for (const time of times[index] ?? []) record({ case: name, participant }, { time });
  }
}

async function measure(
  participant: Participant,
  scenario: Scenario,
  devices: readonly DeviceFiles[],
  lab: Lab,
): Promise<readonly number[]> {
  await using server = await EmulatorServer.start(lab, { retryAfterSeconds: 0 }, devices);
  await using proxy = await ChaosProxy.start(server.hub);
  await server.listensOn(proxy.endpoint);
  await using fleet = new Fleet(participant, server.clientEnv);
  const settings = devices.map((device) => {
    return { ...server.settingsOf(device), keepAliveSeconds: KEEP_ALIVE_SECONDS, listens: true };
  });
  await fleet.connect(settings);
  await setTimeout(STABLE_MS);
  return await scenario({ devices: devices.length, server, proxy });
}

async function untilBack(
  { devices, server, proxy }: World,
  kill: (link: ProxiedLink) => void,
): Promise<readonly number[]> {
  const times = server.untilBack(devices, MAX_WAIT_MS);
  const killedAt = now();
  for (const link of proxy.links) kill(link);
  const back = (await times).map((time) => time - killedAt);
  const missing = Array.from({ length: devices - back.length }, () => MAX_WAIT_MS);
  return [...back, ...missing];
}

/** The time until a device gives up a silent link. */
async function untilNoticed({ devices, proxy }: World): Promise<readonly number[]> {
  return await Promise.all(
    proxy.links.map(async (link, index) => {
      // At different moments between two signs of life.
      await setTimeout((index / devices) * KEEP_ALIVE_SECONDS * 1000);
      const since = now();
      link.stall();
      await Promise.race([link.left, setTimeout(MAX_WAIT_MS, undefined, { ref: false })]);
      return now() - since;
    }),
  );
}

/** The behavior of a device on a network that fails. */
export const recoveryGroup: Group = {
  name: 'recovery',
  title: 'Broken and silent connections',
  metrics: [{ name: 'time', unit: 'ms' }],
  baseline: 'official',
  goals: [],
  run,
};
