import { on } from 'node:events';
import type { Emulator, HubEmulator, HubEvents, TelemetryMessage } from 'azure-iot-emulator';

/** The emulator, and the device that an example plays. */
export interface Stage {
  readonly emulator: Emulator;
  readonly hub: HubEmulator;
  /** The registration ID, which is the device ID as well. */
  readonly deviceId: string;
  /** A folder for files that the example needs. */
  readonly directory: string;
  /** Aborted when the example has ended, or its time is up. */
  readonly signal: AbortSignal;
}

/** Prints what the service has done or seen. */
export function tell(text: string): void {
  console.log(`[service] ${text}`);
}

/** @throws Error when the condition does not hold, with the expectation. */
export function expectThat(condition: boolean, expectation: string): asserts condition {
  if (!condition) throw new Error(`Expected, but not observed: ${expectation}.`);
}

/** The next event of the hub of which the condition holds. Listens from the call on. */
export async function nextEvent<Name extends keyof HubEvents>(
  { hub, signal }: Pick<Stage, 'hub' | 'signal'>,
  name: Name,
  isExpected: (event: HubEvents[Name][0]) => boolean,
): Promise<HubEvents[Name][0]> {
  for await (const [event] of on(hub, name, { signal }) as AsyncIterable<HubEvents[Name]>)
    if (isExpected(event)) return event;
  throw new Error(`The hub emits no ${name} any more.`);
}

/** Waits until the device subscribes to a topic filter that begins so. */
export async function subscribed(stage: Stage, filter: string): Promise<void> {
  const { deviceId } = stage;
  await nextEvent(
    stage,
    'deviceSubscribed',
    (event) => event.deviceId === deviceId && event.topicFilter.startsWith(filter),
  );
}

/** The device's next messages, as many as that. */
export async function telemetries(stage: Stage, count: number): Promise<readonly TelemetryMessage[]> {
  const messages: TelemetryMessage[] = [];
  await nextEvent(stage, 'telemetry', (message) => {
    if (message.deviceId === stage.deviceId) messages.push(message);
    return messages.length === count;
  });
  for (const { body } of messages) tell(`received from ${stage.deviceId}: ${body.toString()}`);
  return messages;
}

/** Sends a message and waits until the device has completed it. */
export async function send(
  { hub, deviceId }: Stage,
  body: string,
  properties: Readonly<Record<string, string>> = {},
): Promise<void> {
  const { outcome } = await hub.sendCloudToDevice(deviceId, { body, properties });
  expectThat((await outcome) === 'Success', `the message "${body}" completed`);
  tell(`sent "${body}"`);
}

/** Calls a direct method, which must answer with that status. */
export async function call(
  { hub, deviceId }: Stage,
  methodName: string,
  payload: string | number | null | Record<string, number>,
  status: number,
): Promise<unknown> {
  const answer = await hub.invokeMethod(deviceId, { methodName, payload });
  expectThat(answer.status === status, `the answer ${status} to "${methodName}", and not ${answer.status}`);
  tell(`called ${methodName}: ${answer.status} ${JSON.stringify(answer.payload)}`);
  return answer.payload;
}

/** Waits until the device reports properties of which the condition holds. */
export async function reported(
  stage: Stage,
  condition: (reported: Readonly<Record<string, unknown>>) => boolean,
): Promise<void> {
  const { deviceId } = stage;
  const event = await nextEvent(
    stage,
    'reportedPropertiesUpdated',
    (update) => update.deviceId === deviceId && condition(update.reported),
  );
  tell(`${deviceId} reports ${JSON.stringify(event.reported)}`);
}
