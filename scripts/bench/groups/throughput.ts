import { EmulatorServer } from '../harness/emulator';
import type { Bench, Goal, Group } from '../harness/group';
import { Mosquitto } from '../harness/mosquitto';
import { Senders, SIZES, type Load } from '../harness/senders';

const LOADS = Object.entries(SIZES).map(([size, bytes]): Load => {
  return { name: `${size} Buffer, 100 in flight`, body: 'Buffer', bytes, inFlight: 100 };
});

async function run({ lab, rounds, isQuick, record, note }: Bench): Promise<void> {
  const [device] = await lab.devices(1);
  if (!device) return;
  await using server = await EmulatorServer.start(lab, { retryAfterSeconds: 0 }, [device]);
  await using mosquitto = await Mosquitto.start(lab, [device.certificate]);
  await using senders = new Senders();
  await senders.connect('bare', server.settingsOf(device), server.clientEnv);
  if (mosquitto) await senders.connect('bare-mosquitto', mosquitto.settingsOf(device), mosquitto.clientEnv);
  else note('mosquitto is not installed here: there is nothing to compare the emulator to.');
  const plan = { rounds: rounds * 2, loads: LOADS, milliseconds: isQuick ? 60 : 400 };
  await senders.send(plan, ({ name }, participant, figures) => record({ case: name, participant }, figures));
}

/** The rate at which the emulator receives messages, compared to a broker. */
export const throughputGroup: Group = {
  name: 'throughput',
  title: 'Emulator: telemetry of one device',
  metrics: [
    { name: 'rate', unit: 'messages/s' },
    { name: 'CPU a message', unit: 'µs' },
  ],
  baseline: 'bare-mosquitto',
  goals: LOADS.map(({ name }): Goal => {
    return { case: name, metric: 'rate', participant: 'bare', of: 'bare-mosquitto', atLeast: 0.8 };
  }),
  run,
};
