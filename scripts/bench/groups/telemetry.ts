import { EmulatorServer } from '../harness/emulator';
import type { Bench, Goal, Group, Participant } from '../harness/group';
import { Mosquitto } from '../harness/mosquitto';
import { Senders, SIZES, type Load } from '../harness/senders';

const nameOf = (size: string, body: Load['body'], inFlight: number): string =>
  `${size} ${body}, ${inFlight === 1 ? 'one at a time' : `${inFlight} in flight`}`;

const LOADS = Object.entries(SIZES).flatMap(([size, bytes]) =>
  (['string', 'Buffer'] as const).flatMap((body) =>
    [1, 100].map((inFlight): Load => ({ name: nameOf(size, body, inFlight), body, bytes, inFlight })),
  ),
);

const TO_EMULATOR = ['official', 'library', 'bare'] as const satisfies readonly Participant[];

async function run({ lab, rounds, isQuick, record, note }: Bench): Promise<void> {
  const devices = await lab.devices(TO_EMULATOR.length);
  await using server = await EmulatorServer.start(lab, { retryAfterSeconds: 0 }, devices);
  await using mosquitto = await Mosquitto.start(
    lab,
    devices.map(({ certificate }) => certificate),
  );
  await using senders = new Senders();
  for (const [index, device] of devices.entries()) {
    const participant = TO_EMULATOR[index];
    if (participant) await senders.connect(participant, server.settingsOf(device), server.clientEnv);
    if (index === 0 && mosquitto)
      await senders.connect('bare-mosquitto', mosquitto.settingsOf(device), mosquitto.clientEnv);
  }
  if (!mosquitto) note('mosquitto is not installed here: nothing was sent to it.');
  const plan = { rounds, loads: LOADS, milliseconds: isQuick ? 60 : 400 };
  await senders.send(plan, ({ name }, participant, figures) => record({ case: name, participant }, figures));
}

const goal = (size: string, metric: string, limit: Pick<Goal, 'atLeast' | 'atMost'>): Goal => ({
  case: nameOf(size, 'Buffer', 100),
  metric,
  participant: 'library',
  of: 'official',
  ...limit,
});

/** The telemetry that one device can send. */
export const telemetryGroup: Group = {
  name: 'telemetry',
  title: 'Telemetry of one device',
  metrics: [
    { name: 'rate', unit: 'messages/s' },
    { name: 'CPU a message', unit: 'µs' },
  ],
  baseline: 'official',
  goals: [
    goal('1 kB', 'rate', { atLeast: 1.1 }),
    goal('20 kB', 'rate', { atLeast: 2.5 }),
    goal('200 kB', 'rate', { atLeast: 10 }),
    goal('1 kB', 'CPU a message', { atMost: 0.5 }),
    goal('200 kB', 'CPU a message', { atMost: 0.1 }),
    ...LOADS.map(({ name }): Goal => {
      return { case: name, metric: 'rate', participant: 'library', of: 'bare', atLeast: 0.9 };
    }),
  ],
  run,
};
