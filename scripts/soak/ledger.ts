import { isDeepStrictEqual } from 'node:util';
import {
  EmulatorError,
  type CloudToDeviceOutcome,
  type HubEmulator,
  type TelemetryMessage,
} from 'azure-iot-emulator';
import type { Dice } from './dice';
import { digestOf, makePayload } from './payload';
import { happened } from './progress';
import { Tally } from './tally';

const METHOD_TIMEOUT_SECONDS = 5;
const MAX_BYTES = 500;

interface CloudMessage {
  readonly deviceId: string;
  readonly number: number;
  /** `refused` by the hub: the queue is full, or the device has just moved. */
  outcome: CloudToDeviceOutcome | 'waiting' | 'refused';
}

/** The service's side: what it sends, and everything that it sees. */
export class Ledger {
  /** By device: how often each number arrived, in the order in which they arrived first. */
  readonly arrived = new Map<string, Tally<number>>();
  /** Telemetry with a body that was changed. */
  corrupted = 0;
  readonly cloudMessages: CloudMessage[] = [];
  readonly methods = { answered: 0, wrong: 0, pending: 0, failures: new Tally<number>() };

  /** Writes down what arrives at the hub. */
  watch(hub: HubEmulator): void {
    hub.on('telemetry', ({ deviceId, body, properties }: TelemetryMessage) => {
      this.arrive(deviceId, body, properties);
    });
    for (const event of ['deviceConnected', 'deviceDisconnected', 'reportedPropertiesUpdated'] as const) {
      hub.on(event, happened);
    }
  }

  /** Writes down a message of a device. */
  arrive(deviceId: string, body: Uint8Array, properties: Readonly<Record<string, string>>): void {
    if (properties['digest'] !== digestOf(body)) this.corrupted += 1;
    const numbers = this.arrived.get(deviceId) ?? new Tally();
    numbers.add(Number(properties['number']));
    this.arrived.set(deviceId, numbers);
    happened();
  }

  /** Sends a message and follows it to its end. */
  async sendToDevice(hub: HubEmulator, deviceId: string, dice: Dice): Promise<void> {
    const number = this.cloudMessages.length;
    const message: CloudMessage = { deviceId, number, outcome: 'waiting' };
    const payload = makePayload(dice, number, MAX_BYTES, `message ${number} Grüße`);
    this.cloudMessages.push(message);
    try {
      const { outcome } = await hub.sendCloudToDevice(deviceId, payload);
      message.outcome = await outcome;
    } catch {
      message.outcome = 'refused';
    }
    happened();
  }

  /** Calls the method that answers with what it was called with. */
  async invokeMethod(hub: HubEmulator, deviceId: string, dice: Dice): Promise<void> {
    const payload = { number: dice.between(0, 1_000_000), text: 'Grüße' };
    this.methods.pending += 1;
    try {
      const call = { methodName: 'echo', payload, responseTimeoutSeconds: METHOD_TIMEOUT_SECONDS };
      const response = await hub.invokeMethod(deviceId, call);
      const isRight = response.status === 200 && isDeepStrictEqual(response.payload, payload);
      this.methods[isRight ? 'answered' : 'wrong'] += 1;
    } catch (error) {
      this.methods.failures.add(error instanceof EmulatorError ? error.code : 0);
    }
    this.methods.pending -= 1;
    happened();
  }
}
