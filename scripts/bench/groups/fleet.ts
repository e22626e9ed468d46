import { EmulatorServer } from '../harness/emulator';
import { Fleet } from '../harness/fleet';
import { interleave, type Bench, type Group } from '../harness/group';

const MIB = 2 ** 20;
const CASE = 'all provisioned and connected';
const MAX_ROUNDS = 2;

async function run({ lab, rounds, isQuick, record, note }: Bench): Promise<void> {
  const devices = await lab.devices(isQuick ? 100 : 1_000);
  note(
    `${devices.length.toLocaleString('en-US')} devices over TLS, registered with DPS and connected to the hub.`,
  );
  const plan = {
    rounds: Math.min(rounds, MAX_ROUNDS),
    cases: [CASE],
    participants: ['library', 'bare'],
  } as const;
  await interleave(plan, async (name, participant) => {
    // Both anew each time, as what counts is the most memory that they ever had.
    await using server = await EmulatorServer.start(lab, { retryAfterSeconds: 0 }, devices);
    await using fleet = new Fleet(participant, server.clientEnv);
    const milliseconds = await fleet.connect(devices.map((device) => server.settingsOf(device)));
    const figures = {
      time: milliseconds / 1000,
      'emulator, peak memory': (await server.peakBytes()) / MIB,
      'client, peak memory': (await fleet.peakBytes()) / MIB,
    };
    record({ case: name, participant }, figures);
  });
}

/** The number of devices that the emulator can serve. */
export const fleetGroup: Group = {
  name: 'fleet',
  title: 'Emulator: a fleet of devices from one process',
  metrics: [
    { name: 'time', unit: 's' },
    { name: 'emulator, peak memory', unit: 'MiB' },
    { name: 'client, peak memory', unit: 'MiB' },
  ],
  baseline: 'bare',
  goals: [
    { case: CASE, metric: 'time', participant: 'library', atMost: 120 },
    { case: CASE, metric: 'emulator, peak memory', participant: 'library', atMost: 1_024 },
  ],
  run,
};
