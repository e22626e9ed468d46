import { once } from 'node:events';
import { Message } from 'azure-iot-device';
import { connectDevice } from 'azure-iot-x509';
import { startEmulator, type TelemetryMessage } from 'azure-iot-emulator';
import { enrollDevice } from '../support/enrolled-device';

test('Every property of a telemetry message arrives', async () => {
  await using emulator = await startEmulator({ retryAfterSeconds: 0, pollsBeforeAssigned: 0 });
  const { hub, options } = await enrollDevice(emulator, 'hub-individual', 'dev-1');
  await using connection = await connectDevice(options);

  const message = new Message('{}');
  message.messageId = 'm-1';
  message.correlationId = 'c-1';
  message.userId = 'u-1';
  message.to = '/somewhere';
  message.contentType = 'application/json';
  message.contentEncoding = 'utf-8';
  message.expiryTimeUtc = new Date('2030-01-01T00:00:00.000Z');
  message.setAsSecurityMessage();
  message.properties.add('room', 'a & b = c');
  const arrived = once(hub, 'telemetry') as Promise<[TelemetryMessage]>;
  await connection.client.sendEvent(message);

  const [{ properties, systemProperties }] = await arrived;
  expect(properties).toEqual({ room: 'a & b = c' });
  expect(systemProperties).toEqual({
    messageId: 'm-1',
    correlationId: 'c-1',
    userId: 'u-1',
    to: '/somewhere',
    contentType: 'application/json',
    contentEncoding: 'utf-8',
    expiryTimeUtc: '2030-01-01T00:00:00.000Z',
    interfaceId: 'urn:azureiot:Security:SecurityAgent:1',
  });
});
