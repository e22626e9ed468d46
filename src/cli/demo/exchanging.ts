import type { HubEvents, TelemetryMessage } from 'azure-iot-emulator';
import { REBOOT_ANSWER, type ReceivedCall, type ReceivedMessage } from './device-program';
import { expectThat, isSame, nextEvent } from './observation';
import type { Walk } from './walk';

const json = (value: unknown) => JSON.stringify(value);

/** The device sends a message, and the hub has exactly that. */
export async function sendTelemetry({ session }: Walk, signal: AbortSignal): Promise<string> {
  const { program, hub, deviceId } = session;
  const body = json({ temperature: 21.5 });
  const properties = { alert: 'no' };
  const received = await nextEvent(
    hub,
    'telemetry',
    (message: TelemetryMessage) => message.deviceId === deviceId,
    () => program.sendTelemetry(body, properties),
    signal,
  );
  expectThat(received.body.toString() === body, `the message ${body}`);
  expectThat(isSame(received.properties, properties), `the properties ${json(properties)}`);
  return `the device sent ${body} with property alert=no; the hub received exactly that`;
}

/** The service sends a message, the device gets it, and the hub learns that it did. */
export async function sendCloudToDevice({ session }: Walk, signal: AbortSignal): Promise<string> {
  const { program, hub, deviceId } = session;
  const sent: ReceivedMessage = { body: 'Filter change is due', properties: { priority: 'low' } };
  let outcome: string | undefined;
  const received = await nextEvent(
    program,
    'message',
    () => true,
    async () => {
      const enqueued = await hub.sendCloudToDevice(deviceId, sent);
      outcome = await enqueued.outcome;
    },
    signal,
  );
  expectThat(isSame(received, sent), `the message "${sent.body}" at the device`);
  expectThat(outcome === 'Success', 'the message completed by the device');
  return `the service sent "${sent.body}"; the device received and completed it; the hub recorded: ${outcome}`;
}

/** The service calls a method of the device and gets its answer. */
export async function invokeMethod({ session }: Walk, signal: AbortSignal): Promise<string> {
  const { program, hub, deviceId } = session;
  const payload = { delaySeconds: 5 };
  let answer: unknown;
  const call = await nextEvent(
    program,
    'method',
    ({ methodName }: ReceivedCall) => methodName === 'reboot',
    async () => {
      answer = await hub.invokeMethod(deviceId, { methodName: 'reboot', payload });
    },
    signal,
  );
  expectThat(isSame(call.payload, payload), `the call reboot(${json(payload)}) at the device`);
  expectThat(isSame(answer, REBOOT_ANSWER), `the answer ${json(REBOOT_ANSWER)}`);
  return `the service called reboot(${json(payload)}); the device answered ${REBOOT_ANSWER.status} ${json(REBOOT_ANSWER.payload)}`;
}

/** The service wishes a setting, the device gets it and reports it as applied. */
export async function exchangeTwin({ session }: Walk, signal: AbortSignal): Promise<string> {
  const { program, hub, deviceId } = session;
  const setting = { reportEverySeconds: 30 };
  const isApplied = ({ reportEverySeconds }: Readonly<Record<string, unknown>>) =>
    reportEverySeconds === setting.reportEverySeconds;
  await nextEvent(
    program,
    'desired',
    isApplied,
    () => hub.updateDesiredProperties(deviceId, setting),
    signal,
  );
  await nextEvent(
    hub,
    'reportedPropertiesUpdated',
    (update: HubEvents['reportedPropertiesUpdated'][0]) => update.deviceId === deviceId,
    () => program.report(setting),
    signal,
  );
  expectThat(
    isApplied(hub.getTwin(deviceId).properties.reported),
    `${json(setting)} in the reported properties`,
  );
  return `the service set the desired property ${json(setting)}; the device got it and reported it as applied`;
}

/** The device leaves, and the hub sees it go. */
export async function disconnect({ session }: Walk, signal: AbortSignal): Promise<string> {
  const { connection, hub, deviceId } = session;
  await nextEvent(
    hub,
    'deviceDisconnected',
    (event: HubEvents['deviceDisconnected'][0]) => event.deviceId === deviceId,
    () => connection.close(),
    signal,
  );
  expectThat(
    hub.devices.get(deviceId)?.connectionState === 'Disconnected',
    `device ${deviceId} disconnected`,
  );
  return `the device closed the connection; the hub lists "${deviceId}" as Disconnected`;
}
