import type { Message, Twin } from 'azure-iot-device';
import { methodResponse, type DeviceConnection } from '../../index';
import type { Events } from './events';
import type { Plan } from './plan';

/** Shows messages and direct methods from the hub, completes the messages and answers the methods. */
export function receive(
  connection: DeviceConnection,
  { answerFor }: Pick<Plan, 'answerFor'>,
  events: Events,
): void {
  const { client } = connection;
  client.on('message', (message: Message) => {
    events.received(message.getBytes(), propertiesOf(message), systemPropertiesOf(message));
    // Over MQTT a message is completed when it arrives, so this call cannot fail.
    client.complete(message, () => undefined);
  });
  connection.onMethod((payload, { name }) => {
    const answer = answerFor(name);
    events.called(name, payload, answer);
    return methodResponse(answer.status, answer.payload);
  });
}

/** Shows the device twin, and from then on each change of the desired properties. */
export function showTwin(twin: Twin, events: Events): void {
  const { desired, reported } = twin.properties;
  const { update: _method, ...properties } = reported;
  // A copy: the SDK changes its own with each patch.
  events.twin({ ...desired }, properties);
  twin.on('properties.desired', (patch: object) => {
    // A new listener gets all properties first, as the very object.
    if (patch !== (twin.properties as { desired: object }).desired) events.desired(patch);
  });
}

/** Resolves when the hub has acknowledged the reported properties. */
export async function report(twin: Twin, patch: Readonly<Record<string, unknown>>): Promise<void> {
  // The SDK types all of `reported` as `any`, its method `update` included.
  const { update } = twin.properties.reported as {
    update: (patch: object, done: (error?: Error) => void) => void;
  };
  await new Promise<void>((resolve, reject) => {
    update(patch, (error) => (error ? reject(error) : resolve()));
  });
}

function propertiesOf({ properties }: Message): Record<string, string> {
  const { propertyList } = properties as { propertyList: readonly { key: string; value: string }[] };
  return Object.fromEntries(propertyList.map(({ key, value }) => [key, value]));
}

function systemPropertiesOf(message: Message): Record<string, string> {
  const { messageId, correlationId, userId, contentType, contentEncoding } = message;
  const given = { messageId, correlationId, userId, contentType, contentEncoding };
  return Object.fromEntries(
    Object.entries(given).filter(
      (entry): entry is [string, string] => typeof entry[1] === 'string' && entry[1] !== '',
    ),
  );
}
