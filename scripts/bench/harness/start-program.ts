import type { DeviceSettings } from './emulator';
import type { Figures, Participant } from './group';
import { Program } from './program';

/** The file of programs/participants that plays a participant. */
export function programOf(participant: Participant): string {
  return participant.replace(/-.*/, '');
}

/** From the start of a process to its connection. */
export async function startProgram(
  participant: Participant,
  settings: DeviceSettings,
  env: Readonly<Record<string, string>>,
): Promise<Figures> {
  const { answer, startedAt } = await Program.run<{ connectedAt: number; cpuMilliseconds: number }>('start', {
    args: [programOf(participant), JSON.stringify(settings)],
    env,
  });
  return { time: answer.connectedAt - startedAt, CPU: answer.cpuMilliseconds };
}
