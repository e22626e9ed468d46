import { EmulatorServer } from '../harness/emulator';
import { Fleet } from '../harness/fleet';
import { interleave, type Bench, type Group } from '../harness/group';

const KIB = 2 ** 10;
const MIB = 2 ** 20;
const ONE = '1 device';
const MANY = 'many devices';
const MAX_ROUNDS = 3;

async function run({ lab, rounds, isQuick, record, note }: Bench): Promise<void> {
  const devices = await lab.devices(isQuick ? 100 : 1_000);
  note(`Many devices are ${digits(devices.length)}; "a device" is what each of them added to the first.`);
  await using server = await EmulatorServer.start(lab, { retryAfterSeconds: 0 }, devices);
  const [first, ...others] = devices.map((device) => server.settingsOf(device));
  if (!first) return;
  const plan = {
    rounds: Math.min(rounds, MAX_ROUNDS),
    cases: [others],
    participants: ['official', 'library', 'bare'],
  } as const;
  await interleave(plan, async (rest, participant) => {
    await using fleet = new Fleet(participant, server.clientEnv);
    await fleet.connect([first]);
    const one = await fleet.memory();
    await fleet.connect(rest);
    const many = await fleet.memory();
    record({ case: ONE, participant }, { resident: one.rss / MIB });
    record(
      { case: MANY, participant },
      {
        resident: many.rss / MIB,
        'resident a device': (many.rss - one.rss) / rest.length / KIB,
        'heap a device': (many.heap - one.heap) / rest.length / KIB,
      },
    );
  });
}

function digits(count: number): string {
  return count.toLocaleString('en-US');
}

/** The memory of connected devices. */
export const memoryGroup: Group = {
  name: 'memory',
  title: 'Memory of connected devices in one process',
  metrics: [
    { name: 'resident', unit: 'MiB' },
    { name: 'resident a device', unit: 'KiB' },
    { name: 'heap a device', unit: 'KiB' },
  ],
  baseline: 'official',
  goals: [
    { case: ONE, metric: 'resident', participant: 'library', of: 'official', atMost: 1.05 },
    { case: MANY, metric: 'resident a device', participant: 'library', of: 'official', atMost: 1.05 },
  ],
  run,
};
