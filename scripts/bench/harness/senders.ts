import type { DeviceSettings } from './emulator';
import { interleave, type Figures, type Participant } from './group';
import { Program } from './program';
import { programOf } from './start-program';

/** The messages to send, and the number of them that may be unacknowledged. */
export interface Load {
  /** The name in the table. */
  readonly name: string;
  readonly body: 'string' | 'Buffer';
  readonly bytes: number;
  /** Messages that may be unacknowledged at a time. */
  readonly inFlight: number;
}

/** Payloads from a reading to nearly the largest message that IoT Hub takes. */
export const SIZES = { '100 B': 100, '1 kB': 1_000, '20 kB': 20_000, '200 kB': 200_000 } as const;

interface Sender {
  readonly participant: Participant;
  readonly program: Program;
}

/** Connected devices, each in a process of its own, that send as fast as they can when it is their turn. */
export class Senders implements AsyncDisposable {
  readonly #senders: Sender[] = [];

  async connect(
    participant: Participant,
    settings: DeviceSettings,
    env: Readonly<Record<string, string>>,
  ): Promise<void> {
    const args = [programOf(participant), JSON.stringify(settings)];
    const program = new Program('telemetry', { args, env });
    this.#senders.push({ participant, program });
    await program.ask('connect');
  }

  /** Everybody sends every load in every round, for so many milliseconds, and before the first round to warm up. */
  async send(
    { rounds, loads, milliseconds }: { rounds: number; loads: readonly Load[]; milliseconds: number },
    record: (load: Load, participant: Participant, figures: Figures) => void,
  ): Promise<void> {
    const plan = { cases: loads, participants: this.#senders };
    // The first round is not measured, because its code is not compiled yet.
    await interleave({ ...plan, rounds: 1 }, async (load, { program }) => {
      await send(program, load, milliseconds / 2);
    });
    await interleave({ ...plan, rounds }, async (load, { participant, program }) => {
      record(load, participant, await send(program, load, milliseconds));
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#senders.map(({ program }) => program.stop()));
  }
}

async function send(program: Program, load: Load, forMilliseconds: number): Promise<Figures> {
  const { messages, milliseconds, cpuMicroseconds } = await program.ask<{
    messages: number;
    milliseconds: number;
    cpuMicroseconds: number;
  }>('send', { ...load, forMilliseconds });
  return { rate: (messages / milliseconds) * 1000, 'CPU a message': cpuMicroseconds / messages };
}
