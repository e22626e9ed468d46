import type { Emulator, HubEmulator, JsonObject, JsonValue, TelemetryMessage } from 'azure-iot-emulator';
import { allHubs } from './handlers';
import type { WatchEvent } from './operations';

/** A message's body as JSON where it is JSON, as text where it is text, and as Base64 otherwise. */
function bodyOf(body: Buffer): { body: JsonValue } | { bodyBase64: string } {
  const text = body.toString();
  if (!Buffer.from(text).equals(body)) return { bodyBase64: body.toString('base64') };
  try {
    return { body: JSON.parse(text) as JsonValue };
  } catch {
    return { body: text };
  }
}

function telemetryDetails({ body, properties, systemProperties, moduleId }: TelemetryMessage): JsonObject {
  return {
    ...(moduleId !== undefined && { moduleId }),
    ...bodyOf(body),
    properties: { ...properties },
    systemProperties: { ...systemProperties },
  };
}

/** Tells what happens at the hubs until the returned function is called. */
export function watch(emulator: Emulator, tell: (event: WatchEvent) => void): () => void {
  const stops = allHubs(emulator).map((hub) => watchHub(hub, tell));
  return () => {
    for (const stop of stops) stop();
  };
}

function watchHub(hub: HubEmulator, tell: (event: WatchEvent) => void): () => void {
  const report = (event: WatchEvent['event'], deviceId: string, details: JsonObject): void =>
    tell({ event, time: new Date().toISOString(), hub: hub.name, deviceId, ...details });
  const onTelemetry = (message: TelemetryMessage): void =>
    report('telemetry', message.deviceId, telemetryDetails(message));
  const onConnected = ({ deviceId }: { deviceId: string }): void => report('connected', deviceId, {});
  const onDisconnected = ({ deviceId, reason }: { deviceId: string; reason: string }): void =>
    report('disconnected', deviceId, { reason });
  const onReported = ({ deviceId, patch }: { deviceId: string; patch: JsonObject }): void =>
    report('reported', deviceId, { patch });
  hub.on('telemetry', onTelemetry);
  hub.on('deviceConnected', onConnected);
  hub.on('deviceDisconnected', onDisconnected);
  hub.on('reportedPropertiesUpdated', onReported);
  return () => {
    hub.off('telemetry', onTelemetry);
    hub.off('deviceConnected', onConnected);
    hub.off('deviceDisconnected', onDisconnected);
    hub.off('reportedPropertiesUpdated', onReported);
  };
}
