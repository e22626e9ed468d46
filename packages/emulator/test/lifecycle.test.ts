import { createHook } from 'node:async_hooks';
import { connect as connectTcp } from 'node:net';
import { once } from 'node:events';
import { createSelfSignedCertificate } from 'azure-iot-certificates';
import { startEmulator, type EmulatorOptions } from 'azure-iot-emulator';
import { expectNothingLeft } from '../../../test/support/leaks';
import { connectToDps, connectToHub, createHubDevice, register } from './support/clients';
import { RawClient } from './support/raw-client';

/** Timers that the emulator has set and neither cleared nor let run out; also those that do not keep a process alive. */
function watchTimers(): { readonly pending: ReadonlySet<number>; stop: () => void } {
  const pending = new Set<number>();
  const hook = createHook({
    init: (id, type) => {
      if (type === 'Timeout' && new Error().stack?.includes('/packages/emulator/src/') === true)
        pending.add(id);
    },
    destroy: (id) => void pending.delete(id),
  }).enable();
  return { pending, stop: () => void hook.disable() };
}

/** Lets handles that were closed just now disappear. */
function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
}

async function isListening(endpoint: string): Promise<boolean> {
  const socket = connectTcp(Number(endpoint.split(':')[1]), '127.0.0.1');
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}

describe('startEmulator', () => {
  it('returns everything that a device needs', async () => {
    await using emulator = await startEmulator();
    expect(emulator.idScope).toMatch(/^0ne[0-9A-F]{8}$/);
    expect(emulator.dps.idScope).toBe(emulator.idScope);
    expect(emulator.central.idScope).toMatch(/^0ne[0-9A-F]{8}$/);
    expect(emulator.central.idScope).not.toBe(emulator.idScope);
    expect(emulator.globalEndpoint).toMatch(/^localhost:\d+$/);
    expect(emulator.ca).toMatch(/^-----BEGIN CERTIFICATE-----/);
    expect(emulator.hubs.map(({ name }) => name)).toEqual(['hub-1']);
    for (const hub of emulator.hubs) expect(emulator.findHub(hub.hostName)).toBe(hub);
    expect(emulator.findHub('localhost:1')).toBeUndefined();
  });

  it('accepts the names of hubs and an ID scope', async () => {
    await using emulator = await startEmulator({ hubs: ['north', 'south'], idScope: '0ne00ABCDEF' });
    expect(emulator.idScope).toBe('0ne00ABCDEF');
    expect(emulator.hubs.map(({ name }) => name)).toEqual(['north', 'south']);
  });

  it.each<[string, EmulatorOptions]>([
    ['hubs[0].name', { hubs: [''] }],
    ['hubs', { hubs: ['a', 'a'] }],
    ['idScope', { idScope: 'scope' }],
    ['retryAfterSeconds', { retryAfterSeconds: -1 }],
    ['retryAfterSeconds', { retryAfterSeconds: 0.5 }],
    ['pollsBeforeAssigned', { pollsBeforeAssigned: Number.NaN }],
  ])('rejects a wrong option %s', async (option, options) => {
    await expect(startEmulator(options)).rejects.toMatchObject({
      name: 'InvalidOptionsError',
      code: 'INVALID_OPTIONS',
      problems: [{ option }],
    });
  });

  it.each<[string, object, string]>([
    ['retryAfter', { retryAfter: 0 }, 'is not an option.'],
    ['hub', { hub: ['north'] }, 'is not an option. Did you mean hubs?'],
    ['stateDirectoy', { stateDirectoy: 'state' }, 'is not an option. Did you mean stateDirectory?'],
    [
      'hubs[1].hostname',
      { hubs: ['north', { name: 'south', hostname: 'south.example.org' }] },
      'is not an option. Did you mean hubs[1].hostName?',
    ],
    [
      'fileUploads.maxByte',
      { fileUploads: { maxByte: 1 } },
      'is not an option. Did you mean fileUploads.maxBytes?',
    ],
    [
      'throttling.registrationPerMinute',
      { throttling: { registrationPerMinute: 1 } },
      'is not an option. Did you mean throttling.registrationsPerMinute?',
    ],
    [
      'unverifiedBehavior.unknownIDScope',
      { unverifiedBehavior: { unknownIDScope: 5 } },
      'is not an option. Did you mean unverifiedBehavior.unknownIdScope?',
    ],
    [
      'centralApplications[0]',
      { centralApplications: [{ name: 'central', port: 1 }] },
      'must be a name of letters, digits and dashes, at most 50 characters.',
    ],
    ['options', [], 'must be an object.'],
  ])('refuses the unknown option %s', async (option, options, message) => {
    await expect(startEmulator(options)).rejects.toMatchObject({
      code: 'INVALID_OPTIONS',
      problems: [{ option, message }],
    });
  });

  it('ignores options that are undefined', async () => {
    await using emulator = await startEmulator({ stateDirectroy: undefined } as object);
    expect(emulator.hubs).toHaveLength(1);
  });

  it('names every wrong option at once', async () => {
    const options = { idScope: '', retryAfterSeconds: -1, hostname: 'gateway' };
    await expect(startEmulator(options)).rejects.toMatchObject({
      problems: [{ option: 'idScope' }, { option: 'retryAfterSeconds' }, { option: 'hostname' }],
    });
  });
});

describe('two emulators in one process', () => {
  it('have nothing in common', async () => {
    await using one = await startEmulator({ retryAfterSeconds: 0, idScope: '0ne00000001' });
    await using two = await startEmulator({ retryAfterSeconds: 0, idScope: '0ne00000001' });
    const device = await createSelfSignedCertificate({ commonName: 'sensor-1' });
    const enrollment = { registrationId: 'sensor-1', primaryCertificate: device.certificate };
    one.dps.individualEnrollments.create(enrollment);
    expect((await register(one, device, 'sensor-1')).state).toMatchObject({ status: 'assigned' });
    expect((await register(two, device, 'sensor-1')).body).toMatchObject({ errorCode: 401002 });
    expect(two.hubs.flatMap((hub) => hub.devices.list())).toEqual([]);
    await expect(RawClient.open(one, two.globalEndpoint)).rejects.toMatchObject({
      code: 'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
    });
  });
});

describe('close() of an emulator', () => {
  it('disconnects clients in every state, frees the ports and leaves nothing behind', async () => {
    await expectNothingLeft(closeWithClients);
  });

  async function closeWithClients(): Promise<void> {
    const timers = watchTimers();
    const emulator = await startEmulator({ retryAfterSeconds: 0 });
    const [hub] = emulator.hubs;
    if (hub === undefined) throw new Error('there is a hub by default');
    const device = await createHubDevice(hub, 'pump-1');
    const reasons: string[] = [];
    hub.on('deviceDisconnected', ({ reason }) => reasons.push(reason));

    const connected = await connectToHub(emulator, hub, 'pump-1', device);
    await connected.subscribe('devices/pump-1/messages/devicebound/#');
    await connected.subscribe('$iothub/methods/POST/#');
    const { outcome } = await hub.sendCloudToDevice('pump-1', { body: 'x' });
    const call = hub.invokeMethod('pump-1', { methodName: 'reboot' });
    const callOutcome = expect(call).rejects.toMatchObject({ code: 404104 });
    const clients = [
      connected,
      await connectToDps(emulator, await createSelfSignedCertificate({ commonName: 'sensor-1' }), 'sensor-1'),
      // One that has not said anything, and one in the middle of a packet and of a request.
      await RawClient.open(emulator, hub.hostName, device),
      await RawClient.open(emulator, hub.hostName, device),
      await RawClient.open(emulator, hub.hostName, device),
    ];
    clients[3]?.write(Buffer.from([0x10, 0x7f, 0x00]));
    clients[4]?.write('GET /$iothub/websocket HTTP/1.1\r\n');
    const plain = connectTcp(Number(hub.hostName.split(':')[1]), '127.0.0.1');
    const plainClosed = once(plain, 'close');
    plain.on('error', () => undefined);
    await once(plain, 'connect');

    const endpoints = [emulator.globalEndpoint, hub.hostName, emulator.central.hub.hostName];
    expect(await Promise.all(endpoints.map(isListening))).toEqual([true, true, true]);
    expect(timers.pending.size).toBeGreaterThan(0);
    await Promise.all([emulator.close(), emulator.close()]);
    await Promise.all([...clients.map(({ closed }) => closed), plainClosed]);
    await callOutcome;
    expect(await outcome).toBe('Purged');
    expect(reasons).toEqual(['emulator-closed']);
    expect(await Promise.all(endpoints.map(isListening))).toEqual([false, false, false]);
    await emulator.close();
    await nextTurn();
    expect([...timers.pending]).toEqual([]);
    timers.stop();
  }
});
