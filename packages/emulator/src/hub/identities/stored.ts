import type { JsonObject, JsonValue } from '../../protocol/json';
import {
  arrayOf,
  checkedAt,
  oneOf,
  optional,
  readBytes,
  readCount,
  readDate,
  readFields,
  readObject,
  readString,
  StoredValueError,
  type Read,
} from '../../stored/read';
import { normalizeAuthentication } from '../connect/authentication';
import { ACKNOWLEDGEMENTS, type QueuedMessage } from '../messages/cloud-to-device-message';
import type { DeviceRecord } from './device';
import { checkHubIdentifier, checkStatusReason } from './identifiers';
import type { IdentityRecord } from './identity';
import type { DeviceAuthentication } from './types';
import type { LinkRecord } from './identity-connection';
import type { ModuleRecord } from './module';
import {
  DESIRED,
  REPORTED,
  type CollectionKind,
  type PropertyCollection,
} from '../twins/property-collection';
import { readProperties } from '../twins/property-values';
import { HubSession, type Subscription } from './hub-session';
import type { TopicOwner } from '../messages/topics';
import type { TwinContent } from '../twins/twin';

function isText(body: Buffer): boolean {
  return Buffer.from(body.toString()).equals(body);
}

function writeMessage(message: QueuedMessage): JsonObject {
  const { messageId, propertyBag, body, ack, enqueuedTime, expiry, deliveryCount } = message;
  return {
    messageId,
    propertyBag,
    // So that a person can read and edit what a person can read.
    ...(isText(body) ? { text: body.toString() } : { base64: body.toString('base64') }),
    ack,
    enqueuedTime: enqueuedTime.toISOString(),
    expiry: expiry.toISOString(),
    deliveryCount,
  };
}

const readMessage: Read<QueuedMessage> = (value, path) => {
  const field = readFields(value, path);
  const text = field('text', optional(readString));
  return {
    messageId: field('messageId', readString),
    propertyBag: field('propertyBag', readString),
    body: text === undefined ? field('base64', readBytes) : Buffer.from(text),
    ack: field('ack', oneOf(ACKNOWLEDGEMENTS)),
    enqueuedTime: field('enqueuedTime', readDate),
    expiry: field('expiry', readDate),
    deliveryCount: field('deliveryCount', readCount),
  };
};

function readCollection(kind: CollectionKind): Read<PropertyCollection> {
  return (value, path) => {
    const field = readFields(value, path);
    return {
      properties: field('properties', (properties, at) =>
        checkedAt(at, () => readProperties(readObject(properties, at), kind.path)),
      ),
      metadata: field('metadata', readObject),
      version: field('version', readCount),
    };
  };
}

function writeTwin({ tags, desired, reported, version }: TwinContent): JsonObject {
  return { version, tags, desired: { ...desired }, reported: { ...reported } };
}

const readTwin: Read<TwinContent> = (value, path) => {
  const field = readFields(value, path);
  return {
    version: field('version', readCount),
    tags: field('tags', (tags, at) => checkedAt(at, () => readProperties(readObject(tags, at), 'tags'))),
    desired: field('desired', readCollection(DESIRED)),
    reported: field('reported', readCollection(REPORTED)),
  };
};

function writeLink(link: LinkRecord): JsonObject {
  const { subscriptions, connectionStateUpdatedTime, lastActivityTime, modelId } = link;
  return {
    ...(subscriptions && { subscriptions: subscriptions.map(({ filter, qos }) => ({ filter, qos })) }),
    ...(connectionStateUpdatedTime && {
      connectionStateUpdatedTime: connectionStateUpdatedTime.toISOString(),
    }),
    ...(lastActivityTime && { lastActivityTime: lastActivityTime.toISOString() }),
    ...(modelId !== undefined && { modelId }),
  };
}

const readSubscription: Read<Subscription> = (value, path) => {
  const field = readFields(value, path);
  return { filter: field('filter', readString), qos: field('qos', readCount) === 0 ? 0 : 1 };
};

function readSubscriptions(owner: TopicOwner): Read<readonly Subscription[]> {
  return (value, path) => {
    const subscriptions = arrayOf(readSubscription)(value, path);
    const session = new HubSession(owner, false);
    for (const [index, subscription] of subscriptions.entries()) {
      checkedAt(`${path}[${index}]`, () => session.subscribe(subscription));
    }
    return subscriptions;
  };
}

function readLink(owner: TopicOwner): Read<LinkRecord> {
  return (value, path) => {
    const field = readFields(value, path);
    const subscriptions = field('subscriptions', optional(readSubscriptions(owner)));
    const connectionStateUpdatedTime = field('connectionStateUpdatedTime', optional(readDate));
    const lastActivityTime = field('lastActivityTime', optional(readDate));
    const modelId = field('modelId', optional(readString));
    return {
      ...(subscriptions && { subscriptions }),
      ...(connectionStateUpdatedTime && { connectionStateUpdatedTime }),
      ...(lastActivityTime && { lastActivityTime }),
      ...(modelId !== undefined && { modelId }),
    };
  };
}

const readAuthentication: Read<DeviceAuthentication> = (value, path) => {
  const field = readFields(value, path);
  const type = field('type', oneOf(['selfSigned', 'certificateAuthority']));
  if (type === 'certificateAuthority') return { type };
  const primaryThumbprint = field('primaryThumbprint', optional(readString));
  const secondaryThumbprint = field('secondaryThumbprint', optional(readString));
  return checkedAt(path, () =>
    normalizeAuthentication({
      type,
      ...(primaryThumbprint !== undefined && { primaryThumbprint }),
      ...(secondaryThumbprint !== undefined && { secondaryThumbprint }),
    }),
  );
};

function writeIdentity(record: IdentityRecord): JsonObject {
  return {
    authentication: { ...record.authentication },
    createdTime: record.createdTime.toISOString(),
    generationId: record.generationId,
    etag: record.etag,
    connection: writeLink(record.link),
    twin: writeTwin(record.twin),
  };
}

function readIdentity(value: JsonValue | undefined, path: string, owner: TopicOwner): IdentityRecord {
  const field = readFields(value, path);
  return {
    deviceId: owner.deviceId,
    authentication: field('authentication', readAuthentication),
    createdTime: field('createdTime', readDate),
    generationId: field('generationId', readString),
    etag: field('etag', readString),
    link: field('connection', readLink(owner)),
    twin: field('twin', readTwin),
  };
}

function writeModule(record: ModuleRecord): JsonObject {
  return { moduleId: record.moduleId, ...writeIdentity(record) };
}

function readModule(deviceId: string): Read<ModuleRecord> {
  return (value, path) => {
    const moduleId = readFields(value, path)('moduleId', readId);
    return { ...readIdentity(value, path, { deviceId, moduleId }), moduleId };
  };
}

const readId: Read<string> = (value, path) =>
  checkedAt(path, () => checkHubIdentifier(readString(value, path), 'the ID'));

const readReason: Read<string> = (value, path) =>
  checkedAt(path, () => checkStatusReason(readString(value, path)));

/** A device, as it is kept. */
export function writeDevice(record: DeviceRecord): JsonObject {
  const { deviceId, status, statusReason, statusUpdatedTime, messages, modules } = record;
  return {
    deviceId,
    status,
    ...(statusReason !== undefined && { statusReason }),
    ...(statusUpdatedTime && { statusUpdatedTime: statusUpdatedTime.toISOString() }),
    ...writeIdentity(record),
    cloudToDeviceMessages: messages.map(writeMessage),
    modules: modules.map(writeModule),
  };
}

const readDevice: Read<DeviceRecord> = (value, path) => {
  const field = readFields(value, path);
  const deviceId = field('deviceId', readId);
  const statusReason = field('statusReason', optional(readReason));
  const statusUpdatedTime = field('statusUpdatedTime', optional(readDate));
  return {
    ...readIdentity(value, path, { deviceId, moduleId: undefined }),
    status: field('status', oneOf(['enabled', 'disabled'])),
    ...(statusReason !== undefined && { statusReason }),
    ...(statusUpdatedTime && { statusUpdatedTime }),
    messages: field('cloudToDeviceMessages', arrayOf(readMessage)),
    modules: field(
      'modules',
      uniquely(readModule(deviceId), ({ moduleId }) => moduleId),
    ),
  };
};

/** A list in which no ID comes twice. */
function uniquely<T>(read: Read<T>, idOf: (item: T) => string): Read<readonly T[]> {
  return (value, path) => {
    const items = arrayOf(read)(value, path);
    const ids = items.map(idOf);
    const repeated = ids.findIndex((id, index) => ids.indexOf(id) !== index);
    if (repeated < 0) return items;
    throw new StoredValueError(`${path}[${repeated}]`, `has the ID of another one: ${ids[repeated] ?? ''}`);
  };
}

/** The devices of a hub, as they are kept. */
export const readDevices: Read<readonly DeviceRecord[]> = uniquely(readDevice, ({ deviceId }) => deviceId);
