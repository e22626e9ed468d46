import { isObject } from 'azure-iot-certificates/internal';
import * as v from 'valibot';
import { ProtocolViolation } from '../../devices/mqtt/violation';
import { invalidArgument } from '../../protocol/errors';
import { toJson, type JsonObject } from '../../protocol/json';
import { jsonObject, object, type ObjectOf } from '../../schemas/objects';
import type { Schema } from '../../schemas/problems';
import { count, listOf, oneOf, refined, text } from '../../schemas/values';
import { bytes, date, uniqueList } from '../../stored/stored-value';
import { ACKNOWLEDGEMENTS, type QueuedMessage } from '../messages/cloud-to-device-message';
import {
  DESIRED,
  REPORTED,
  type CollectionKind,
  type PropertyCollection,
} from '../twins/property-collection';
import { readProperties } from '../twins/property-values';
import { normalizeAuthentication } from './authentication';
import type { DeviceRecord } from './device';
import { HubSession } from './hub-session';
import { checkHubIdentifier, checkStatusReason } from './identifiers';
import type { ConnectionRecord } from './identity-connection';
import type { DeviceAuthentication } from './types';

const { exactOptional } = v;

function isText(body: Buffer): boolean {
  return Buffer.from(body.toString()).equals(body);
}

/** A message as it is stored: its body is readable text where that is possible. */
function storedMessage({ messageId, propertyBag, body, ...rest }: QueuedMessage): object {
  const stored = isText(body) ? { text: body.toString() } : { base64: body.toString('base64') };
  return { messageId, propertyBag, ...stored, ...rest };
}

const MESSAGE_MEMBERS = {
  messageId: text,
  propertyBag: text,
  ack: oneOf(ACKNOWLEDGEMENTS),
  enqueuedTime: date,
  expiry: date,
  deliveryCount: count,
};
const TEXT_MESSAGE = object({
  ...MESSAGE_MEMBERS,
  text: v.pipe(
    text,
    v.transform((body) => Buffer.from(body)),
  ),
});
const BINARY_MESSAGE = object({ ...MESSAGE_MEMBERS, base64: bytes });

const MESSAGE: Schema<QueuedMessage> = v.pipe(
  v.lazy((value): Schema<ObjectOf<typeof MESSAGE_MEMBERS> & { text?: Buffer; base64?: Buffer }> =>
    isObject(value) && 'text' in value ? TEXT_MESSAGE : BINARY_MESSAGE,
  ),
  v.transform(({ text: fromText, base64 = Buffer.alloc(0), ...rest }) => ({
    ...rest,
    body: fromText ?? base64,
  })),
);

function collection({ path }: CollectionKind): Schema<PropertyCollection> {
  return object({
    properties: refined(jsonObject, (properties) => readProperties(properties, path)),
    metadata: jsonObject,
    version: count,
  });
}

const SUBSCRIPTION = object({
  filter: text,
  qos: v.pipe(
    count,
    v.transform((qos): 0 | 1 => (qos === 0 ? 0 : 1)),
  ),
});

const AUTHENTICATION: Schema<DeviceAuthentication> = v.lazy((value) =>
  isObject(value) && value['type'] === 'certificateAuthority'
    ? object({ type: v.literal('certificateAuthority') })
    : object({
        type: v.pipe(
          oneOf(['selfSigned', 'certificateAuthority']),
          v.transform(() => 'selfSigned' as const),
        ),
        primaryThumbprint: exactOptional(text),
        secondaryThumbprint: exactOptional(text),
      }),
);

/** The members that devices and modules have in common. */
const IDENTITY = {
  authentication: refined(AUTHENTICATION, normalizeAuthentication),
  createdTime: date,
  generationId: text,
  etag: text,
  connection: object({
    subscriptions: exactOptional(listOf(SUBSCRIPTION)),
    connectionStateUpdatedTime: exactOptional(date),
    lastActivityTime: exactOptional(date),
    modelId: exactOptional(text),
  }),
  twin: object({
    version: count,
    tags: refined(jsonObject, (tags) => readProperties(tags, 'tags')),
    desired: collection(DESIRED),
    reported: collection(REPORTED),
  }),
};

const id = refined(text, (value) => checkHubIdentifier(value, 'the ID'));

const DEVICE = object({
  deviceId: id,
  status: oneOf(['enabled', 'disabled']),
  statusReason: exactOptional(refined(text, checkStatusReason)),
  statusUpdatedTime: exactOptional(date),
  ...IDENTITY,
  cloudToDeviceMessages: listOf(MESSAGE),
  modules: uniqueList(object({ moduleId: id, ...IDENTITY }), ({ moduleId }) => moduleId),
});

/** @throws EmulatorError 400004 for a topic filter that IoT Hub does not have, or one too many. */
function checkSubscriptions(
  deviceId: string,
  moduleId: string | undefined,
  { subscriptions = [] }: ConnectionRecord,
): void {
  const session = new HubSession({ deviceId, moduleId }, false);
  for (const [index, subscription] of subscriptions.entries()) {
    try {
      session.subscribe(subscription);
    } catch (error) {
      const text = error instanceof ProtocolViolation ? error.message : String(error);
      throw invalidArgument(`connection.subscriptions[${index}]: ${text}`);
    }
  }
}

/** The devices of a hub as they are stored. */
export const STORED_DEVICES: Schema<readonly DeviceRecord[]> = uniqueList(
  refined(DEVICE, (device) => {
    const { deviceId, connection, modules } = device;
    checkSubscriptions(deviceId, undefined, connection);
    for (const module of modules) checkSubscriptions(deviceId, module.moduleId, module.connection);
    return device;
  }),
  ({ deviceId }) => deviceId,
);

/** A device as it is stored. */
export function storedDevice({ cloudToDeviceMessages, modules, ...device }: DeviceRecord): JsonObject {
  return toJson({ ...device, cloudToDeviceMessages: cloudToDeviceMessages.map(storedMessage), modules });
}
