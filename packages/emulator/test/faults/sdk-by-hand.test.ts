import { once } from 'node:events';
import type { Message } from 'azure-iot-device';
import { enrollDevice } from '../../../../test/support/enrolled-device';
import { connectByHand, registerByHand, type DeviceSettings } from '../../../../test/support/sdk-by-hand';
import { useEmulator } from '../support/emulator';

/* What the official SDK, without this library, makes of faults. */

const context = useEmulator();

async function settingsOf(registrationId: string): Promise<DeviceSettings> {
  const { emulator } = context;
  const { device } = await enrollDevice(emulator, 'hub-individual', registrationId);
  const { globalEndpoint, idScope, ca } = emulator;
  return { globalEndpoint, idScope, ca, registrationId, cert: device.fullChain, key: device.privateKey };
}

afterEach(() => {
  context.emulator.faults.clear();
});

it('The official provisioning client tries again when a fault answers 429 for DPS', async () => {
  const { emulator } = context;
  const action = { kind: 'answer', status: 429, code: 429001, retryAfterSeconds: 0 } as const;
  const register = emulator.faults.add({ at: 'register', action });
  const poll = emulator.faults.add({ at: 'poll', action });
  await expect(registerByHand(await settingsOf('busy'))).resolves.toMatchObject({ deviceId: 'busy' });
  expect([register.hits, poll.hits]).toEqual([1, 1]);
});

it('The official provisioning client passes on the code of a refusal that a fault makes up', async () => {
  context.emulator.faults.add({
    at: 'poll',
    action: { kind: 'answer', status: 404, code: 404201, message: 'Operation not found.' },
  });
  await expect(registerByHand(await settingsOf('refused'))).rejects.toMatchObject({
    name: 'DeviceNotFoundError',
    result: expect.objectContaining({ errorCode: 404201 }) as unknown,
  });
});

it('The official device client delivers a message twice to the application when a fault repeats it', async () => {
  const { emulator, hub } = context;
  const client = await connectByHand(await settingsOf('twice'));
  try {
    const received: unknown[] = [];
    const subscribed = once(hub, 'deviceSubscribed');
    client.on('message', (message: Message) => {
      received.push(message.getData());
      void client.complete(message);
    });
    await subscribed;
    emulator.faults.add({ at: 'cloud-to-device', action: { kind: 'duplicate' } });
    const { outcome } = await hub.sendCloudToDevice('twice', { body: 'hello' });
    await expect(outcome).resolves.toBe('Success');
    while (received.length < 2) await new Promise((resolve) => setImmediate(resolve));
    expect(received).toEqual([Buffer.from('hello'), Buffer.from('hello')]);
  } finally {
    await client.close();
  }
});
