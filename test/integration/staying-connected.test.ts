import { once } from 'node:events';
import { copyFile, mkdtemp, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Message } from 'azure-iot-device';
import {
  connectDevice,
  memoryAssignmentStore,
  type ConnectionState,
  type ConnectOptions,
  type DeviceConnection,
} from 'azure-iot-x509';
import { createSelfSignedCertificate, type IssuedCertificate } from 'azure-iot-certificates';
import { startEmulator, type Emulator } from 'azure-iot-emulator';
import { enrollDevice, type EnrolledDevice } from '../support/enrolled-device';

/* A gateway that is left alone: restarts, moves, refusals, renewed certificates. */

let emulator: Emulator;
let enrolled: EnrolledDevice;
let count = 0;
const open: DeviceConnection[] = [];

beforeAll(async () => {
  emulator = await startEmulator({ retryAfterSeconds: 0, pollsBeforeAssigned: 0 });
});

beforeEach(async () => {
  enrolled = await enrollDevice(emulator, 'hub-individual', `gateway-${(count += 1)}`);
});

afterEach(async () => {
  for (const connection of open.splice(0)) await connection.close();
});

afterAll(async () => {
  await emulator.close();
});

const quick = { reconnect: { minDelayMs: 1, maxDelayMs: 5 } };

async function connect(more: Partial<ConnectOptions> = {}): Promise<DeviceConnection> {
  const connection = await connectDevice({ ...enrolled.options, ...quick, ...more } as ConnectOptions);
  open.push(connection);
  return connection;
}

async function until(
  connection: DeviceConnection,
  status: ConnectionState['status'],
): Promise<ConnectionState> {
  while (connection.state.status !== status) await once(connection, 'state');
  return connection.state;
}

/** When DPS last heard of the device. */
const registeredAt = () => emulator.dps.registrations.get(enrolled.registrationId)?.etag;

async function renewed(): Promise<IssuedCertificate> {
  return await createSelfSignedCertificate({
    commonName: enrolled.registrationId,
    subject: { organization: 'Contoso' },
  });
}

function accept(certificate: IssuedCertificate): void {
  emulator.dps.individualEnrollments.update(enrolled.registrationId, {
    secondaryCertificate: certificate.certificate,
  });
}

describe('remembered assignments', () => {
  test('a restart connects to the hub without a registration', async () => {
    const assignments = memoryAssignmentStore();
    await (await connect({ assignments })).close();
    const before = registeredAt();
    emulator.dps.registrations.delete(enrolled.registrationId);
    const connection = await connect({ assignments });
    expect(connection.registration.assignedHub).toBe(enrolled.hub.hostName);
    expect(before).toBeDefined();
    expect(registeredAt()).toBeUndefined();
  });

  test('an assignment that the hub no longer accepts leads to a registration within the first connection', async () => {
    const assignments = memoryAssignmentStore();
    await (await connect({ assignments })).close();
    enrolled.hub.devices.delete(enrolled.registrationId);
    const connection = await connect({ assignments });
    expect(connection.state.status).toBe('connected');
  });

  test('a renewed certificate is registered, whatever is remembered for the old one', async () => {
    const assignments = memoryAssignmentStore();
    await (await connect({ assignments })).close();
    const before = registeredAt();
    const next = await renewed();
    accept(next);
    await connect({ assignments, cert: next.certificate, key: next.privateKey });
    expect(registeredAt()).not.toBe(before);
  });

  test('an assignment file that cannot be written is a warning of the state, and the device works', async () => {
    const connection = await connect({ assignmentFile: join(tmpdir(), 'no', 'such', 'directory', 'a.json') });
    expect(connection.state).toMatchObject({ status: 'connected', warning: { code: 'FILE_NOT_WRITABLE' } });
    await connection.client.sendEvent(new Message('works'));
  });

  test('a store that never answers does not keep close() from settling', async () => {
    const never = () => new Promise<never>(() => undefined);
    const save = jest.fn<Promise<void>, []>().mockResolvedValueOnce(undefined).mockImplementation(never);
    const connection = await connect({ assignments: { load: () => Promise.resolve(undefined), save } });
    const again = connection.reprovision().catch((error: unknown) => error);
    while (save.mock.calls.length < 2) await new Promise((resolve) => setImmediate(resolve));
    await connection.close();
    await again;
    expect(connection.state.status).toBe('closed');
  });

  test('a store of the caller that fails is a warning of the state', async () => {
    const connection = await connect({
      assignments: {
        load: () => Promise.reject(new Error('no database')),
        save: () => Promise.reject(new Error('no database')),
      },
    });
    expect(connection.state).toMatchObject({
      status: 'connected',
      warning: { cause: { message: 'no database' } },
    });
  });
});

describe('connections that are refused:', () => {
  test('a device that was deleted at the hub registers again and continues with the same client', async () => {
    const connection = await connect();
    const { client } = connection;
    const reprovisioned = once(connection, 'reprovisioned');
    enrolled.hub.devices.delete(enrolled.registrationId);
    await reprovisioned;
    await until(connection, 'connected');
    expect(connection.client).toBe(client);
    await client.sendEvent(new Message('back'));
  });

  test('a device that is refused for good ends in a clear state after giveUpAfterRefusedMs, not in a storm', async () => {
    const connection = await connect({
      reconnect: { minDelayMs: 1, maxDelayMs: 5, giveUpAfterRefusedMs: 100 },
    });
    const states: ConnectionState[] = [];
    connection.on('state', (state) => states.push(state));
    const gaveUp = once(connection.client, 'disconnect');
    emulator.dps.individualEnrollments.update(enrolled.registrationId, { provisioningStatus: 'disabled' });
    enrolled.hub.devices.delete(enrolled.registrationId);
    const end = await until(connection, 'closed');
    expect(end).toMatchObject({ error: { name: 'ProvisioningError', service: 'dps' } });
    expect(end).toHaveProperty('advice');
    // The bound of the delay doubles with each refusal: 2 ms, 4 ms, and so on.
    expect(states.filter(({ status }) => status === 'provisioning').length).toBeLessThan(20);
    await gaveUp;
    await expect(connection.client.sendEvent(new Message('too late'))).rejects.toMatchObject({
      name: 'ProvisioningError',
    });
  });

  test('the connection is closed after the time of giveUpAfterMs', async () => {
    const connection = await connect({ reconnect: { minDelayMs: 1, maxDelayMs: 5, giveUpAfterMs: 0 } });
    enrolled.hub.devices.delete(enrolled.registrationId);
    await until(connection, 'closed');
  });
});

describe('updateCredentials', () => {
  test('changes to a renewed certificate without losing a message', async () => {
    const connection = await connect();
    const next = await renewed();
    accept(next);
    const bodies = Array.from({ length: 200 }, (_, index) => String(index));
    const sending = (async () => {
      for (const body of bodies) {
        void connection.client.sendEvent(new Message(body)).catch(() => undefined);
        await new Promise((resolve) => setImmediate(resolve));
      }
      await connection.client.sendEvent(new Message('last'));
    })();
    await connection.updateCredentials({ cert: next.certificate, key: next.privateKey });
    await sending;
    expect(connection.state.status).toBe('connected');
    const arrived = new Set(
      enrolled.hub.receivedTelemetry(enrolled.registrationId).map(({ body }) => body.toString()),
    );
    expect(bodies.filter((body) => !arrived.has(body))).toEqual([]);
    expect(enrolled.hub.devices.get(enrolled.registrationId)?.authentication.primaryThumbprint).toBe(
      next.sha256Thumbprint,
    );
  });

  test('a certificate that DPS refuses leaves the old connection as it is', async () => {
    const connection = await connect();
    const states: string[] = [];
    connection.on('state', ({ status }) => states.push(status));
    const stranger = await renewed();
    await expect(
      connection.updateCredentials({ cert: stranger.certificate, key: stranger.privateKey }),
    ).rejects.toMatchObject({ name: 'ProvisioningError', serviceCode: 401002 });
    await connection.client.sendEvent(new Message('still the old one'));
    expect(states).toEqual([]);
  });

  test('a key that does not match is refused before anything is sent', async () => {
    const connection = await connect();
    const before = registeredAt();
    const [one, other] = [await renewed(), await renewed()];
    await expect(
      connection.updateCredentials({ cert: one.certificate, key: other.privateKey }),
    ).rejects.toMatchObject({ name: 'CredentialsError' });
    expect(registeredAt()).toBe(before);
  });

  test('the certificate of another device is refused', async () => {
    const connection = await connect();
    const other = await createSelfSignedCertificate({ commonName: 'somebody-else' });
    await expect(
      connection.updateCredentials({ cert: other.certificate, key: other.privateKey }),
    ).rejects.toMatchObject({ code: 'INVALID_OPTIONS', problems: [{ option: 'cert' }] });
  });

  test('two calls at once run one after the other, and the later one wins', async () => {
    const connection = await connect();
    const [one, other] = [await renewed(), await renewed()];
    emulator.dps.individualEnrollments.update(enrolled.registrationId, {
      primaryCertificate: one.certificate,
      secondaryCertificate: other.certificate,
    });
    await Promise.all([
      connection.updateCredentials({ cert: one.certificate, key: one.privateKey }),
      connection.updateCredentials({ cert: other.certificate, key: other.privateKey }),
    ]);
    await connection.client.sendEvent(new Message('fine'));
    expect(enrolled.hub.devices.get(enrolled.registrationId)?.authentication.primaryThumbprint).toBe(
      other.sha256Thumbprint,
    );
  });

  test('close() during a call settles both', async () => {
    const connection = await connect();
    const next = await renewed();
    accept(next);
    const update = connection.updateCredentials({ cert: next.certificate, key: next.privateKey });
    const outcome = update.catch((error: unknown) => error);
    await connection.close();
    await outcome;
    expect(connection.state.status).toBe('closed');
  });
});

describe('credential files that change', () => {
  let directory: string;
  const file = (name: string) => join(directory, name);

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'azure-iot-x509-'));
    await write(enrolled.device);
  });

  afterEach(async () => {
    await rm(directory, { recursive: true });
  });

  async function write({
    certificate,
    privateKey,
  }: {
    certificate: string;
    privateKey: string;
  }): Promise<void> {
    await writeFile(file('device.crt'), certificate);
    await writeFile(file('device.key'), privateKey, { mode: 0o600 });
  }

  const connectFromFiles = async () => {
    const { cert: _cert, key: _key, ...rest } = enrolled.options;
    const connection = await connectDevice({
      ...rest,
      ...quick,
      certFile: file('device.crt'),
      keyFile: file('device.key'),
    });
    open.push(connection);
    return connection;
  };

  /** Makes the connection be made anew, and waits until it is. */
  async function reconnect(connection: DeviceConnection): Promise<void> {
    const lost = once(connection, 'state');
    enrolled.hub.devices.delete(enrolled.registrationId);
    await lost;
    await until(connection, 'connected');
  }

  test('are read again before the next connection', async () => {
    const connection = await connectFromFiles();
    const next = await renewed();
    accept(next);
    await write(next);
    await reconnect(connection);
    expect(enrolled.hub.devices.get(enrolled.registrationId)?.authentication.primaryThumbprint).toBe(
      next.sha256Thumbprint,
    );
    expect(connection.state).not.toHaveProperty('warning');
  });

  test('are a warning while they are half written, and the device keeps its credentials', async () => {
    const connection = await connectFromFiles();
    await writeFile(file('device.crt'), enrolled.device.certificate.slice(0, 200));
    await reconnect(connection);
    expect(connection.state).toMatchObject({ status: 'connected', warning: { name: 'CredentialsError' } });
    await connection.client.sendEvent(new Message('goes on'));

    const next = await renewed();
    accept(next);
    await write(next);
    await reconnect(connection);
    expect(connection.state).not.toHaveProperty('warning');
  });

  test('do not end the connection when their certificate is not enrolled yet', async () => {
    const connection = await connectFromFiles();
    const next = await renewed();
    await write(next);
    enrolled.hub.disconnectDevice(enrolled.registrationId);
    await until(connection, 'provisioning');
    await until(connection, 'connected');
    expect(connection.state).toMatchObject({ warning: { name: 'ProvisioningError', serviceCode: 401002 } });
    expect(enrolled.hub.devices.get(enrolled.registrationId)?.authentication.primaryThumbprint).toBe(
      enrolled.device.sha256Thumbprint,
    );
  });

  test('have no effect when only their time has changed', async () => {
    const connection = await connectFromFiles();
    await copyFile(file('device.crt'), file('copy.crt'));
    await utimes(file('device.crt'), new Date(0), new Date(0));
    await reconnect(connection);
    expect(connection.state).not.toHaveProperty('warning');
  });
});

describe('credentialsExpiring', () => {
  const day = 86_400_000;
  async function connectExpiring(
    days: number,
    more: Partial<ConnectOptions> = {},
  ): Promise<DeviceConnection> {
    enrolled = await enrollDevice(emulator, 'hub-individual', `expiring-${(count += 1)}`, {
      validity: { days },
    });
    return await connect(more);
  }

  test('is emitted when the certificate in use ends soon', async () => {
    const connection = await connectExpiring(20);
    const [{ notAfter }] = (await once(connection, 'credentialsExpiring')) as [{ notAfter: Date }];
    expect(Math.round((notAfter.getTime() - Date.now()) / day)).toBe(20);
  });

  test('is not emitted before, nor twice on one day', async () => {
    let times = 0;
    const connection = await connectExpiring(20, { expiryWarningDays: 10 });
    connection.on('credentialsExpiring', () => (times += 1));
    await connection.client.sendEvent(new Message('meanwhile'));
    expect(times).toBe(0);
  });
});

describe('reprovision', () => {
  test('resolves with the same assignment and leaves the connection unchanged when the assignment is the same', async () => {
    const connection = await connect();
    const states: string[] = [];
    connection.on('state', ({ status }) => states.push(status));
    await expect(connection.reprovision()).resolves.toMatchObject({ assignedHub: enrolled.hub.hostName });
    expect(states).toEqual([]);
    await connection.client.sendEvent(new Message('same connection'));
  });

  test('after a renewal uses the renewed certificate', async () => {
    const connection = await connect();
    const next = await renewed();
    accept(next);
    const update = connection.updateCredentials({ cert: next.certificate, key: next.privateKey }).then(() =>
      emulator.dps.individualEnrollments.update(enrolled.registrationId, {
        primaryCertificate: next.certificate,
      }),
    );
    await Promise.all([update, connection.reprovision()]);
  });

  test('that is refused leaves the connection unchanged', async () => {
    const connection = await connect();
    emulator.dps.individualEnrollments.update(enrolled.registrationId, { provisioningStatus: 'disabled' });
    await expect(connection.reprovision()).rejects.toMatchObject({ service: 'dps' });
    await connection.client.sendEvent(new Message('still there'));
  });
});
