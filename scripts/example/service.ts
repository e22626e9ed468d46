import type { TelemetryMessage } from 'azure-iot-emulator';
import { expectThat, nextEvent } from './observation';
import type { Stage } from './scenario';

/** Says what the service has done or seen. */
export function tell(text: string): void {
  console.log(`[service] ${text}`);
}

/** Waits until the device has subscribed to the topic filter, at once if it has already. */
export async function subscribed({ hub, deviceId, signal }: Stage, filter: string): Promise<void> {
  const isIt = (event: { deviceId: string; topicFilter: string }) =>
    event.deviceId === deviceId && event.topicFilter.startsWith(filter);
  await nextEvent(hub, 'deviceSubscribed', isIt, () => undefined, signal);
}

/** The device's next telemetry. */
export async function telemetry({ hub, deviceId, signal }: Stage): Promise<TelemetryMessage> {
  const message = await nextEvent(
    hub,
    'telemetry',
    (candidate: TelemetryMessage) => candidate.deviceId === deviceId,
    () => undefined,
    signal,
  );
  tell(`received from ${deviceId}: ${message.body.toString()}`);
  return message;
}

/** The device's next telemetry, as many as that. */
export async function telemetries(stage: Stage, count: number): Promise<readonly TelemetryMessage[]> {
  const messages: TelemetryMessage[] = [];
  const isLast = (message: TelemetryMessage): boolean => {
    if (message.deviceId === stage.deviceId && messages.push(message) < count) return false;
    return message.deviceId === stage.deviceId;
  };
  await nextEvent(stage.hub, 'telemetry', isLast, () => undefined, stage.signal);
  for (const { body } of messages) tell(`received from ${stage.deviceId}: ${body.toString()}`);
  return messages;
}

/** Sends a message and waits until the device has it. */
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

/** Waits until the device has reported properties of which the condition holds. */
export async function reported(
  { hub, deviceId, signal }: Stage,
  condition: (reported: Readonly<Record<string, unknown>>) => boolean,
): Promise<void> {
  const isIt = (event: { deviceId: string; reported: Readonly<Record<string, unknown>> }) =>
    event.deviceId === deviceId && condition(event.reported);
  const event = await nextEvent(hub, 'reportedPropertiesUpdated', isIt, () => undefined, signal);
  tell(`${deviceId} reports ${JSON.stringify(event.reported)}`);
}
