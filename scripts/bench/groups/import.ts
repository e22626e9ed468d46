import { interleave, type Bench, type Group } from '../harness/group';
import { Program } from '../harness/program';

const MIB = 2 ** 20;
const CASE = 'require()';

const PACKAGES = {
  official: [
    'azure-iot-provisioning-device',
    'azure-iot-provisioning-device-mqtt',
    'azure-iot-security-x509',
    'azure-iot-device',
    'azure-iot-device-mqtt',
  ],
  library: ['azure-iot-x509'],
} as const;

async function run({ rounds, record }: Bench): Promise<void> {
  const plan = { rounds: rounds * 2, cases: [CASE], participants: ['official', 'library'] } as const;
  await interleave(plan, async (name, participant) => {
    const { answer } = await Program.run<{ milliseconds: number; bytes: number }>('import', {
      args: PACKAGES[participant],
    });
    record({ case: name, participant }, { time: answer.milliseconds, 'resident memory': answer.bytes / MIB });
  });
}

/** The cost of importing the library, e.g. for a program that only prints its help. */
export const importGroup: Group = {
  name: 'import',
  title: 'Import',
  metrics: [
    { name: 'time', unit: 'ms' },
    { name: 'resident memory', unit: 'MiB' },
  ],
  baseline: 'official',
  goals: [
    { case: CASE, metric: 'time', participant: 'library', of: 'official', atMost: 0.2 },
    { case: CASE, metric: 'resident memory', participant: 'library', of: 'official', atMost: 0.2 },
  ],
  run,
};
