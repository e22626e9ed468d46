import { EmulatorServer, type DeviceSettings } from '../harness/emulator';
import { interleave, type Bench, type Group, type Participant } from '../harness/group';
import { startProgram } from '../harness/start-program';

const PARTICIPANTS = [
  'official',
  'library',
  'bare',
  'bare-straight',
] as const satisfies readonly Participant[];
const RETRY_AFTER_SECONDS = 3;
const CASE = `retry-after ${RETRY_AFTER_SECONDS} s`;

async function run({ lab, rounds, record, note }: Bench): Promise<void> {
  const [device] = await lab.devices(1);
  if (!device) return;
  const options = { retryAfterSeconds: RETRY_AFTER_SECONDS, pollsBeforeAssigned: 0 };
  await using server = await EmulatorServer.start(lab, options, [device]);
  const settings = server.settingsOf(device);
  const remembering = { ...settings, assignmentFile: lab.path('assignments.json') };
  const known: Partial<Record<Participant, DeviceSettings>> = {
    library: remembering,
    'bare-straight': { ...settings, assignedHub: server.hub },
  };
  // The first start, from which the assignment is known.
  await startProgram('library', remembering, server.clientEnv);
  await interleave({ rounds, cases: [CASE], participants: PARTICIPANTS }, async (name, participant) => {
    const figures = await startProgram(participant, known[participant] ?? settings, server.clientEnv);
    record({ case: name, participant }, figures);
  });
  note(
    "Microsoft's sample remembers nothing, so it registers each time, and so does the first of the bare ones.",
  );
}

/** The cost of a device's start with a remembered assignment. */
export const warmGroup: Group = {
  name: 'warm',
  title: 'Process start to connected, with a remembered assignment',
  metrics: [
    { name: 'time', unit: 'ms' },
    { name: 'CPU', unit: 'ms' },
  ],
  baseline: 'official',
  goals: [
    { case: CASE, metric: 'time', participant: 'library', of: 'official', atMost: 0.35 },
    { case: CASE, metric: 'time', participant: 'library', of: 'bare-straight', atMost: 1.11 },
  ],
  run,
};
