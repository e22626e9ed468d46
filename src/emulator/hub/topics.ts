/** What a device may subscribe to. */
export type SubscriptionKind = 'cloud-to-device' | 'methods' | 'twin-responses' | 'desired-properties';

/** What a topic filter stands for; `undefined` for a filter that IoT Hub does not have. */
export function subscriptionKind(filter: string, deviceId: string): SubscriptionKind | undefined {
  const filters: Readonly<Record<string, SubscriptionKind>> = {
    [`devices/${deviceId}/messages/devicebound/#`]: 'cloud-to-device',
    // The Azure SDK for Embedded C leaves the device ID open; messages come with the real one.
    'devices/+/messages/devicebound/#': 'cloud-to-device',
    '$iothub/methods/POST/#': 'methods',
    '$iothub/twin/res/#': 'twin-responses',
    '$iothub/twin/PATCH/properties/desired/#': 'desired-properties',
  };
  return Object.hasOwn(filters, filter) ? filters[filter] : undefined;
}

/** What a device may publish. */
export type DeviceMessage =
  | { readonly kind: 'telemetry'; readonly propertyBag: string }
  | { readonly kind: 'method-response'; readonly status: number; readonly requestId: string }
  | { readonly kind: 'get-twin'; readonly requestId: string }
  | { readonly kind: 'update-reported-properties'; readonly requestId: string };

const METHOD_RESPONSE = /^\$iothub\/methods\/res\/(?<status>-?\d+)\/\?(?:.*&)?\$rid=(?<requestId>[^&]+)/;
const TWIN_REQUEST =
  /^\$iothub\/twin\/(?<operation>GET|PATCH\/properties\/reported)\/\?(?:.*&)?\$rid=(?<requestId>[^&]+)/;

/** The topic of a device's telemetry, to which its properties are appended. */
export function telemetryTopic(deviceId: string): string {
  return `devices/${deviceId}/messages/events/`;
}

/** The message that a topic stands for; `undefined` for a topic that IoT Hub does not have. */
export function parseDeviceTopic(topic: string, deviceId: string): DeviceMessage | undefined {
  const telemetry = telemetryTopic(deviceId);
  if (topic.startsWith(telemetry)) return { kind: 'telemetry', propertyBag: topic.slice(telemetry.length) };

  const response = METHOD_RESPONSE.exec(topic)?.groups;
  if (response?.['requestId'] !== undefined) {
    return { kind: 'method-response', status: Number(response['status']), requestId: response['requestId'] };
  }
  const request = TWIN_REQUEST.exec(topic)?.groups;
  if (request?.['requestId'] === undefined) return undefined;
  const kind = request['operation'] === 'GET' ? 'get-twin' : 'update-reported-properties';
  return { kind, requestId: request['requestId'] };
}
