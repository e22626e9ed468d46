import { EmulatorServer } from '../harness/emulator';
import { interleave, type Bench, type Group, type Participant } from '../harness/group';
import { startProgram } from '../harness/start-program';

const PARTICIPANTS = ['official', 'library', 'bare'] as const satisfies readonly Participant[];
const RETRY_AFTER_SECONDS = [0, 3] as const;
const caseOf = (seconds: number): string => `retry-after ${seconds} s`;

async function run({ lab, rounds, record }: Bench): Promise<void> {
  const devices = await lab.devices(1);
  for (const retryAfterSeconds of RETRY_AFTER_SECONDS) {
    await using server = await EmulatorServer.start(
      lab,
      { retryAfterSeconds, pollsBeforeAssigned: 0 },
      devices,
    );
    await interleave({ rounds, cases: devices, participants: PARTICIPANTS }, async (device, participant) => {
      const figures = await startProgram(participant, server.settingsOf(device), server.clientEnv);
      record({ case: caseOf(retryAfterSeconds), participant }, figures);
    });
  }
}

/** The cost of a device's start without a remembered assignment. */
export const coldGroup: Group = {
  name: 'cold',
  title: 'Process start to connected, cold',
  metrics: [
    { name: 'time', unit: 'ms' },
    { name: 'CPU', unit: 'ms' },
  ],
  baseline: 'official',
  goals: RETRY_AFTER_SECONDS.flatMap((seconds) => [
    { case: caseOf(seconds), metric: 'time', participant: 'library', of: 'official', atMost: 1 } as const,
    { case: caseOf(seconds), metric: 'time', participant: 'library', of: 'bare', atMost: 1.11 } as const,
  ]),
  run,
};
