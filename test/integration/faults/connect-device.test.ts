import { once } from 'node:events';
import { Message } from 'azure-iot-device';
import {
  connectDevice,
  provisionDevice,
  type ConnectionState,
  type ConnectOptions,
  type DeviceConnection,
} from 'azure-iot-x509';
import type { FaultInit } from 'azure-iot-emulator';
import { enrollDevice, type EnrolledDevice } from '../../support/enrolled-device';
import { useEmulator } from '../../../packages/emulator/test/support/emulator';

/* What this library's devices make of faults: the right error, or nothing that their application would notice. */

const context = useEmulator({ hubs: ['north', 'south'] });
let enrolled: EnrolledDevice;
let count = 0;

beforeEach(async () => {
  const { emulator } = context;
  const registrationId = `pump-${(count += 1)}`;
  enrolled = await enrollDevice(emulator, 'hub-individual', registrationId);
  emulator.dps.individualEnrollments.update(registrationId, { iotHubs: ['north'] });
});
afterEach(() => {
  context.emulator.faults.clear();
});

function connect(more: Partial<ConnectOptions> = {}): Promise<DeviceConnection> {
  const reconnect = { minDelayMs: 1, maxDelayMs: 5 };
  return connectDevice({ ...enrolled.options, reconnect, ...more } as ConnectOptions);
}

async function until(connection: DeviceConnection, status: ConnectionState['status']): Promise<void> {
  while (connection.state.status !== status) await once(connection, 'state');
}

function bodiesAt(name: string): string[] {
  const hub = context.emulator.hubs.find((candidate) => candidate.name === name);
  return (hub?.receivedTelemetry(enrolled.registrationId) ?? []).map(({ body }) => body.toString());
}

/** Sends messages one after the other, each of which may be delivered more than once. */
async function sendAll({ client }: DeviceConnection, bodies: readonly string[]): Promise<void> {
  for (const body of bodies) await client.sendEvent(new Message(body));
}

describe('provisionDevice reports', () => {
  it.each<[FaultInit, Record<string, unknown>]>([
    [
      { at: 'tcp', action: { kind: 'reset' } },
      { code: 'CONNECTION_LOST', isTransient: true },
    ],
    [
      { at: 'tls', action: { kind: 'close' } },
      { code: 'CONNECTION_LOST', isTransient: true },
    ],
    [
      { at: 'tls', action: { kind: 'certificate', certificate: 'untrusted' } },
      { code: 'SERVER_NOT_TRUSTED' },
    ],
    [{ at: 'tls', action: { kind: 'certificate', certificate: 'expired' } }, { code: 'SERVER_NOT_TRUSTED' }],
    [
      { at: 'tls', action: { kind: 'certificate', certificate: 'wrong-host' } },
      { code: 'SERVER_NOT_TRUSTED' },
    ],
    [
      { at: 'connect', action: { kind: 'refuse', returnCode: 3 } },
      { code: 'SERVICE_UNAVAILABLE', serviceCode: 3 },
    ],
    [
      { at: 'connect', action: { kind: 'refuse', returnCode: 5 } },
      { code: 'UNAUTHORIZED', serviceCode: 5 },
    ],
    [{ at: 'connect', action: { kind: 'reset' } }, { code: 'CONNECTION_LOST' }],
    [{ at: 'connect', action: { kind: 'garbage', what: 'not-mqtt' } }, { code: 'INVALID_RESPONSE' }],
    [{ at: 'connect', action: { kind: 'garbage', what: 'truncated' } }, { code: 'CONNECTION_LOST' }],
    [{ at: 'subscribe', action: { kind: 'refuse' } }, { code: 'SUBSCRIPTION_REFUSED' }],
    [{ at: 'subscribe', action: { kind: 'close', when: 'after' } }, { code: 'CONNECTION_LOST' }],
    [{ at: 'register', action: { kind: 'close' } }, { code: 'CONNECTION_LOST' }],
    [{ at: 'register', action: { kind: 'reset', when: 'after' } }, { code: 'CONNECTION_LOST' }],
    [{ at: 'register', action: { kind: 'garbage', what: 'not-json' } }, { code: 'INVALID_RESPONSE' }],
    [
      {
        at: 'register',
        action: { kind: 'answer', status: 401, code: 401002, message: 'Invalid certificate.' },
      },
      { code: 'REGISTRATION_REFUSED', serviceCode: 401002 },
    ],
    [
      { at: 'poll', action: { kind: 'answer', status: 404, code: 404201, message: 'Operation not found.' } },
      { code: 'REGISTRATION_REFUSED', serviceCode: 404201 },
    ],
    [
      {
        at: 'poll',
        action: {
          kind: 'answer',
          status: 200,
          body: { status: 'failed', registrationState: { errorCode: 400207 } },
        },
      },
      { code: 'REGISTRATION_FAILED', serviceCode: 400207 },
    ],
    [{ at: 'poll', action: { kind: 'close' } }, { code: 'CONNECTION_LOST' }],
  ])('the fault %j', async (fault, expected) => {
    const added = context.emulator.faults.add({ service: 'dps', ...fault });
    await expect(provisionDevice(enrolled.options)).rejects.toMatchObject({ ...expected, service: 'dps' });
    expect(added.hits).toBe(1);
    // It was the fault, and nothing but the fault.
    await expect(provisionDevice(enrolled.options)).resolves.toMatchObject({ status: 'assigned' });
  });

  it.each<[string, FaultInit]>([
    ['a server that never speaks TLS', { at: 'tcp', action: { kind: 'stall' } }],
    ['a handshake that stops in the middle', { at: 'tls', action: { kind: 'stall' } }],
    ['no CONNACK', { at: 'connect', action: { kind: 'ignore' } }],
    ['no SUBACK', { at: 'subscribe', action: { kind: 'ignore' } }],
    ['no answer to the registration', { at: 'register', action: { kind: 'ignore' } }],
    ['no answer to the poll', { at: 'poll', action: { kind: 'ignore', when: 'after' } }],
    ['a connection that is silently dead', { at: 'poll', action: { kind: 'swallow' } }],
    ['an answer that is always late', { at: 'register', action: { kind: 'delay', ms: 60_000 } }],
    [
      'endless throttling',
      {
        at: 'register',
        times: Infinity,
        action: { kind: 'answer', status: 429, code: 429001, retryAfterSeconds: 0 },
      },
    ],
  ])('a timeout because of %s', async (_title, fault) => {
    context.emulator.faults.add({ service: 'dps', ...fault });
    await expect(provisionDevice({ ...enrolled.options, timeoutMs: 800 })).rejects.toMatchObject({
      code: 'TIMEOUT',
      service: 'dps',
    });
  });

  it('no error when DPS was busy for a moment', async () => {
    const action = { kind: 'answer', status: 429, code: 429001, retryAfterSeconds: 0 } as const;
    const register = context.emulator.faults.add({ at: 'register', action });
    const poll = context.emulator.faults.add({
      at: 'poll',
      action: { ...action, status: 503, code: 503001 },
    });
    await expect(provisionDevice(enrolled.options)).resolves.toMatchObject({ status: 'assigned' });
    expect([register.hits, poll.hits]).toEqual([1, 1]);
  });
});

describe('connectDevice reports, at its first connection', () => {
  it.each<[FaultInit, Record<string, unknown>]>([
    [
      { at: 'tcp', action: { kind: 'reset' } },
      { code: 'CONNECTION_LOST', isTransient: true },
    ],
    [{ at: 'connect', action: { kind: 'refuse', returnCode: 3 } }, { code: 'SERVICE_UNAVAILABLE' }],
    [{ at: 'connect', action: { kind: 'close', when: 'after' } }, { code: 'CONNECTION_LOST' }],
  ])('the fault %j', async (fault, expected) => {
    context.emulator.faults.add({ service: 'north', ...fault });
    const reconnect = { giveUpAfterMs: 0 };
    await expect(connect({ reconnect })).rejects.toMatchObject({ ...expected, service: 'hub' });
  });

  it.each<[string, FaultInit]>([
    ['a hub that resets', { service: 'north', at: 'tcp', times: 3, action: { kind: 'reset' } }],
    ['a DPS that resets', { service: 'dps', at: 'tcp', times: 3, action: { kind: 'reset' } }],
    ['handshakes that are cut off', { at: 'tls', times: 3, action: { kind: 'close', when: 'after' } }],
    [
      'services that are not available',
      { at: 'connect', times: 3, action: { kind: 'refuse', returnCode: 3 } },
    ],
    [
      'registrations that are cut off',
      { at: 'register', times: 2, action: { kind: 'reset', when: 'after' } },
    ],
    ['a slow network', { at: 'tcp', times: Infinity, action: { kind: 'throttle', bytesPerSecond: 20_000 } }],
    ['a slow service', { at: 'connect', times: Infinity, action: { kind: 'delay', ms: 100 } }],
  ])('no error in spite of %s', async (_title, fault) => {
    const added = context.emulator.faults.add(fault);
    await using connection = await connect();
    await sendAll(connection, ['it works']);
    expect(bodiesAt('north')).toEqual(['it works']);
    expect(added.hits).toBeGreaterThan(0);
  });
});

describe('connectDevice connects again in spite of', () => {
  it.each<[string, FaultInit]>([
    ['a hub that resets', { at: 'tcp', times: 3, action: { kind: 'reset' } }],
    ['a handshake that is cut off', { at: 'tls', times: 2, action: { kind: 'close', when: 'after' } }],
    [
      'a certificate that has expired',
      { at: 'tls', action: { kind: 'certificate', certificate: 'expired' } },
    ],
    ['a hub that is not available', { at: 'connect', times: 3, action: { kind: 'refuse', returnCode: 3 } }],
    ['a hub that does not know it', { at: 'connect', action: { kind: 'refuse', returnCode: 5 } }],
    ['no CONNACK', { at: 'connect', times: 2, action: { kind: 'reset', when: 'after' } }],
    ['garbage in place of CONNACK', { at: 'connect', action: { kind: 'garbage', what: 'not-mqtt' } }],
  ])('%s', async (_title, fault) => {
    const { emulator, hub } = context;
    await using connection = await connect();
    const added = emulator.faults.add({ service: 'north', ...fault });
    const lost = until(connection, 'reconnecting');
    hub.disconnectDevice(enrolled.registrationId);
    await lost;
    await until(connection, 'connected');
    await sendAll(connection, ['back']);
    expect(bodiesAt('north')).toEqual(['back']);
    expect(added.hits).toBe(fault.times ?? 1);
  });
});

describe('connectDevice delivers every message in spite of', () => {
  const bodies = Array.from({ length: 10 }, (_, index) => `message ${index}`);

  it.each<[string, FaultInit]>([
    [
      'connections that end before a message arrives',
      { at: 'telemetry', skip: 2, times: 2, action: { kind: 'close' } },
    ],
    [
      'connections that are reset when it has arrived',
      { at: 'telemetry', skip: 2, times: 2, action: { kind: 'reset', when: 'after' } },
    ],
    [
      'garbage in place of PUBACK',
      { at: 'telemetry', skip: 3, action: { kind: 'garbage', what: 'not-mqtt' } },
    ],
    ['half a PUBACK', { at: 'telemetry', skip: 3, action: { kind: 'garbage', what: 'truncated' } }],
    ['late acknowledgements', { at: 'puback', times: Infinity, action: { kind: 'delay', ms: 20 } }],
    ['a kick', { at: 'telemetry', skip: 4, action: { kind: 'disconnect' } }],
    ['a hub that restarts', { at: 'telemetry', skip: 4, action: { kind: 'restart', downMs: 100 } }],
    ['a device that is deleted', { at: 'telemetry', skip: 4, action: { kind: 'delete' } }],
    [
      'connections that are reset several times in a row',
      { at: 'telemetry', skip: 1, times: 6, action: { kind: 'reset', when: 'after' } },
    ],
  ])('%s', async (_title, fault) => {
    const added = context.emulator.faults.add({ ...fault, device: enrolled.registrationId } as FaultInit);
    await using connection = await connect();
    await sendAll(connection, bodies);
    expect([...new Set(bodiesAt('north'))]).toEqual(bodies);
    expect(added.hits).toBeGreaterThan(0);
  });

  it('a dead link that nobody tells of', async () => {
    const fault = context.emulator.faults.add({ at: 'telemetry', skip: 2, action: { kind: 'swallow' } });
    await using connection = await connect({ keepAliveSeconds: 1 });
    await sendAll(connection, bodies);
    expect(fault.hits).toBe(1);
    expect([...new Set(bodiesAt('north'))]).toEqual(bodies);
  });

  it('a move to another hub', async () => {
    const { emulator } = context;
    emulator.faults.add({ at: 'telemetry', skip: 5, action: { kind: 'move', to: 'south' } });
    await using connection = await connect();
    await sendAll(connection, bodies);
    expect(connection.registration.assignedHub).toBe(emulator.hubs[1]?.hostName);
    expect(bodiesAt('north').concat(bodiesAt('south'))).toEqual(bodies);
    expect(bodiesAt('south').length).toBeGreaterThan(0);
  });
});

describe('a device that is disabled at its hub', () => {
  it('has the state error UNAUTHORIZED, and connects again when it is enabled', async () => {
    const { emulator, hub } = context;
    emulator.faults.add({ at: 'telemetry', action: { kind: 'disable', when: 'after' } });
    await using connection = await connect();
    await sendAll(connection, ['the last one']);
    for (;;) {
      const { state } = connection;
      if (
        state.status === 'reconnecting' &&
        (state.error as { code?: string } | undefined)?.code === 'UNAUTHORIZED'
      )
        break;
      await once(connection, 'state');
    }
    hub.devices.enable(enrolled.registrationId);
    await until(connection, 'connected');
    await sendAll(connection, ['back']);
    expect(bodiesAt('north')).toEqual(['the last one', 'back']);
  });
});
