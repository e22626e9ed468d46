import { setTimeout } from 'node:timers/promises';
import { ChaosProxy, type ProxiedLink } from '../../../test/support/chaos-proxy';
import { EmulatorServer } from '../harness/emulator';
import { Fleet } from '../harness/fleet';
import type { Bench, Group, Participant } from '../harness/group';
import type { DeviceFiles } from '../harness/lab';
import { now } from '../harness/program';

const KILLED = 'killed, until it is back';
const SILENT = 'silent, until it is noticed';
const KEEP_ALIVE_SECONDS = 5;
/** The library takes a connection that breaks before it is this old for one more failed attempt, and waits longer. */
const STABLE_MS = 10_500;
/** Of what is never noticed. */
const MAX_SILENCE_MS = 10 * KEEP_ALIVE_SECONDS * 1000;

async function run({ lab, isQuick, record, note }: Bench): Promise<void> {
  const devices = await lab.devices(isQuick ? 3 : 20);
  note(
    `${devices.length} devices of each at the same time, which listen to cloud-to-device messages and have a keep-alive of ${KEEP_ALIVE_SECONDS} s. All of them are killed (reset) at the same moment; silence befalls them one after the other.`,
  );
  // It is waiting that is measured, so nobody is in anybody's way.
  await Promise.all(
    (['official', 'library'] as const).map(async (participant) => {
      const { back, noticed } = await measure(participant, devices, lab);
      for (const time of back) record({ case: KILLED, participant }, { time });
      for (const time of noticed) record({ case: SILENT, participant }, { time });
    }),
  );
}

async function measure(
  participant: Participant,
  devices: readonly DeviceFiles[],
  lab: Bench['lab'],
): Promise<{ back: number[]; noticed: number[] }> {
  await using server = await EmulatorServer.start(lab, { retryAfterSeconds: 0 }, devices);
  await using proxy = await ChaosProxy.start(server.hub);
  await server.listensOn(proxy.endpoint);
  await using fleet = new Fleet(participant, server.clientEnv);
  const settings = devices.map((device) => {
    return { ...server.settingsOf(device), keepAliveSeconds: KEEP_ALIVE_SECONDS, listens: true };
  });
  await fleet.connect(settings);
  await setTimeout(STABLE_MS);

  const times = server.untilBack(devices.length);
  const killedAt = now();
  for (const link of proxy.links) link.reset();
  const back = (await times).map((time) => time - killedAt);

  const noticed = await Promise.all(
    proxy.links.map(async (link, index) => {
      // At different moments between two signs of life.
      await setTimeout((index / devices.length) * KEEP_ALIVE_SECONDS * 1000);
      return await silence(link);
    }),
  );
  return { back, noticed };
}

/** How long it takes until the device gives up a link over which nothing comes any more, in milliseconds. */
async function silence(link: ProxiedLink): Promise<number> {
  const since = now();
  link.stall();
  await Promise.race([link.left, setTimeout(MAX_SILENCE_MS, undefined, { ref: false })]);
  return now() - since;
}

/** What a device makes of a network that fails. */
export const recoveryGroup: Group = {
  name: 'recovery',
  title: 'Broken and silent connections',
  metrics: [{ name: 'time', unit: 'ms' }],
  baseline: 'official',
  goals: [],
  run,
};
