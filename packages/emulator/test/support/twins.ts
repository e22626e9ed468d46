import type { JsonObject } from 'azure-iot-emulator';

/** The properties and their version, without the times at which they changed. */
export function withoutMetadata({ $metadata: _, ...properties }: JsonObject): JsonObject {
  return properties;
}
