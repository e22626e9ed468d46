import { once } from 'node:events';
import { connectToHub, createHubDevice } from '../support/clients';
import { useEmulator } from '../support/emulator';
import { DeviceRegistry } from '../../src/hub/identities/device-registry';
import { ModuleRegistry } from '../../src/hub/identities/module-registry';

const context = useEmulator();
afterEach(() => {
  for (const { deviceId } of context.hub.devices.list()) context.hub.devices.delete(deviceId);
});

const code = (value: number): Error => expect.objectContaining({ code: value }) as Error;

describe('a device identity', () => {
  it('has the reason and the time of its status', async () => {
    const { hub } = context;
    const identity = await createHubDevice(hub, 'pump-1');
    expect(hub.devices.get('pump-1')).not.toHaveProperty('statusReason');
    await using client = await connectToHub(context.emulator, hub, 'pump-1', identity);
    const disconnected = once(hub, 'deviceDisconnected');
    const disabled = hub.devices.disable('pump-1', 'gestohlen in Zürich');
    expect(disabled).toMatchObject({
      status: 'disabled',
      statusReason: 'gestohlen in Zürich',
      statusUpdatedTime: expect.any(Date) as Date,
    });
    await disconnected;
    expect(await client.next()).toBeUndefined();
    expect(hub.devices.enable('pump-1')).toMatchObject({
      status: 'enabled',
      statusReason: 'gestohlen in Zürich',
    });
    expect(hub.devices.enable('pump-1', 'found')).toMatchObject({ statusReason: 'found' });
  });

  it('has another etag after each change, and the same generation until it is deleted', () => {
    const { devices } = context.hub;
    const created = devices.create({ deviceId: 'pump-1', statusReason: 'new' });
    expect(created).toMatchObject({ status: 'enabled', statusReason: 'new' });
    const changed = devices.update('pump-1', { authentication: { type: 'certificateAuthority' } });
    const disabled = devices.disable('pump-1');
    expect(new Set([created.etag, changed.etag, disabled.etag]).size).toBe(3);
    expect(disabled.generationId).toBe(created.generationId);
    expect(created.generationId).toMatch(/^\d{18}$/);
    devices.delete('pump-1');
    expect(devices.create({ deviceId: 'pump-1' }).generationId).not.toBe(created.generationId);
  });

  it('is changed and deleted only if the etag is the expected one', () => {
    const { devices } = context.hub;
    const { etag } = devices.create({ deviceId: 'pump-1' });
    const update = { status: 'disabled' } as const;
    expect(() => devices.update('pump-1', update, { ifMatch: 'x' })).toThrow(code(412001));
    expect(() => {
      devices.delete('pump-1', { ifMatch: 'x' });
    }).toThrow(code(412001));
    const next = devices.update('pump-1', update, { ifMatch: etag });
    expect(next.status).toBe('disabled');
    devices.delete('pump-1', { ifMatch: next.etag });
    expect(devices.get('pump-1')).toBeUndefined();
  });

  it('changes as a whole or not at all', () => {
    const { devices } = context.hub;
    const before = devices.create({ deviceId: 'pump-1' });
    const wrong: object[] = [
      { status: 'disabled', authentication: { primaryThumbprint: 'x' } },
      { status: 'asleep' },
      { authentication: { type: 'certificateAuthority' }, statusReason: 'x'.repeat(129) },
    ];
    for (const update of wrong) expect(() => devices.update('pump-1', update)).toThrow(code(400004));
    expect(devices.get('pump-1')).toEqual(before);
    expect(() => devices.create({ deviceId: 'pump-2', status: 'asleep' as never })).toThrow(code(400004));
    expect(devices.list()).toEqual([before]);
  });

  it('has a case-sensitive device ID', () => {
    const { devices } = context.hub;
    devices.create({ deviceId: 'pump-1' });
    devices.create({ deviceId: 'PUMP-1' });
    expect(devices.list().map(({ deviceId }) => deviceId)).toEqual(['pump-1', 'PUMP-1']);
  });
});

describe('the identities of a hub', () => {
  it('are limited in number, devices and modules together', () => {
    const devices = new DeviceRegistry(
      {
        cloudToDevice: { lockTimeoutSeconds: 60, maxDeliveryCount: 10, defaultTimeToLiveSeconds: 60 },
        countsEveryDelivery: true,
        purgesOnCleanSession: true,
        feedback: () => undefined,
        changed: () => undefined,
      },
      3,
    );
    const modules = new ModuleRegistry(devices);
    devices.create({ deviceId: 'a' });
    modules.create({ deviceId: 'a', moduleId: 'm' });
    devices.create({ deviceId: 'b' });
    expect(() => devices.create({ deviceId: 'c' })).toThrow(code(413002));
    expect(() => modules.create({ deviceId: 'b', moduleId: 'm' })).toThrow(code(413002));
    modules.delete('a', 'm');
    modules.create({ deviceId: 'b', moduleId: 'm' });
    devices.delete('b');
    devices.create({ deviceId: 'c' });
    modules.create({ deviceId: 'c', moduleId: 'm' });
    expect(() => devices.create({ deviceId: 'd' })).toThrow(code(413002));
  });
});
