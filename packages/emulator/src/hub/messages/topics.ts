/** The device or module that topics are about. */
export interface TopicOwner {
  readonly deviceId: string;
  readonly moduleId: string | undefined;
}

/** The kinds of subscription of a device or module. */
export type SubscriptionKind =
  'cloud-to-device' | 'module-inputs' | 'methods' | 'twin-responses' | 'desired-properties';

const COMMON_FILTERS: ReadonlyMap<string, SubscriptionKind> = new Map([
  ['$iothub/methods/POST/#', 'methods'],
  ['$iothub/twin/res/#', 'twin-responses'],
  ['$iothub/twin/PATCH/properties/desired/#', 'desired-properties'],
]);
const DEVICE_FILTERS: ReadonlyMap<string, SubscriptionKind> = new Map([
  ['messages/devicebound/#', 'cloud-to-device'],
]);
// Only an IoT Edge hub routes messages to inputs. An IoT hub accepts the subscription and sends nothing.
const MODULE_FILTERS: ReadonlyMap<string, SubscriptionKind> = new Map([
  ['inputs/#', 'module-inputs'],
  ['#', 'module-inputs'],
]);

const OWNED = /^devices\/(?<deviceId>[^/]+)\/(?:modules\/(?<moduleId>[^/]+)\/)?(?<rest>.*)$/s;

/** The forms of an ID in a topic. Some SDKs encode the ID and others do not. */
function isNamed(segment: string | undefined, id: string | undefined): boolean {
  if (segment === undefined || id === undefined || segment === id) return segment === id;
  try {
    return decodeURIComponent(segment) === id;
  } catch {
    return false;
  }
}

/** The part of a topic after the device and module, if these are the owner. */
function restOf(topic: string, { deviceId, moduleId }: TopicOwner): string | undefined {
  const parts = OWNED.exec(topic)?.groups;
  const isOwned = isNamed(parts?.['deviceId'], deviceId) && isNamed(parts?.['moduleId'], moduleId);
  return isOwned ? parts?.['rest'] : undefined;
}

/** The kind of a topic filter; `undefined` for a filter that IoT Hub does not have. */
export function subscriptionKind(filter: string, owner: TopicOwner): SubscriptionKind | undefined {
  const common = COMMON_FILTERS.get(filter);
  if (common !== undefined) return common;
  // The Azure SDK for Embedded C subscribes with a wildcard for the device ID. The topics of messages have the real
  // one.
  const named = filter.replace(/^devices\/\+\//, () => `devices/${encodeURIComponent(owner.deviceId)}/`);
  const rest = restOf(named, owner);
  if (rest === undefined) return undefined;
  return (owner.moduleId === undefined ? DEVICE_FILTERS : MODULE_FILTERS).get(rest);
}

/** The topic of messages to a device that subscribed with that filter. The message's properties are appended to it. */
export function deviceboundTopic(filter: string, deviceId: string): string {
  if (!filter.startsWith('devices/+/')) return filter.slice(0, -'#'.length);
  // Wild cards must not be in the topic of a message [MQTT-3.3.2-2].
  const segment = /[+#]/.test(deviceId) ? encodeURIComponent(deviceId) : deviceId;
  return `devices/${segment}/messages/devicebound/`;
}

/** A message that a device or module publishes. */
export type DeviceMessage =
  | { readonly kind: 'telemetry'; readonly propertyBag: string }
  | { readonly kind: 'method-response'; readonly status: number; readonly requestId: string }
  | { readonly kind: 'get-twin'; readonly requestId: string }
  | {
      readonly kind: 'update-reported-properties';
      readonly requestId: string;
      /** The version to change; `undefined` for any. */
      readonly version: number | undefined;
    };

const METHOD_RESPONSE = /^\$iothub\/methods\/res\/(?<status>-?\d{1,10})\/\?(?<query>.*)$/s;
const TWIN_REQUEST = /^\$iothub\/twin\/(?<operation>GET|PATCH\/properties\/reported)\/\?(?<query>.*)$/s;
const TELEMETRY = /^messages\/events(?:\/\??(?<propertyBag>.*))?$/s;

/** The value of a parameter at any place of the query; `undefined` when it is missing or empty. */
function parameter(query: string, name: string): string | undefined {
  const entry = query.split('&').find((candidate) => candidate.startsWith(`${name}=`));
  const value = entry?.slice(name.length + 1);
  return value === '' ? undefined : value;
}

/** The property bag in a topic of telemetry; `undefined` for any other topic. */
export function telemetryProperties(topic: string, owner: TopicOwner): string | undefined {
  // Nearly all messages have this topic.
  if (owner.moduleId === undefined && topic === `devices/${owner.deviceId}/messages/events/`) return '';
  const match = TELEMETRY.exec(restOf(topic, owner) ?? '');
  return match === null ? undefined : (match.groups?.['propertyBag'] ?? '');
}

/** The message of a topic; `undefined` for a topic that IoT Hub does not have. */
export function parseDeviceTopic(topic: string, owner: TopicOwner): DeviceMessage | undefined {
  const propertyBag = telemetryProperties(topic, owner);
  if (propertyBag !== undefined) return { kind: 'telemetry', propertyBag };

  const response = METHOD_RESPONSE.exec(topic)?.groups;
  const { query = '', operation } = response ?? TWIN_REQUEST.exec(topic)?.groups ?? {};
  const requestId = parameter(query, '$rid');
  if (requestId === undefined) return undefined;
  if (response !== undefined) {
    return { kind: 'method-response', status: Number(response['status']), requestId };
  }
  if (operation === 'GET') return { kind: 'get-twin', requestId };
  const version = parameter(query, '$version');
  return {
    kind: 'update-reported-properties',
    requestId,
    version: version === undefined ? undefined : Number(version),
  };
}
