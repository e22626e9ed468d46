import { connectDevice, type ConnectOptions, type DeviceConnection } from 'azure-iot-x509';
import { createSelfSignedCertificate, type IssuedCertificate } from 'azure-iot-certificates';
import { expectNothingLeft } from '../support/leaks';
import { startScriptedServer, type ScriptedClient, type ScriptedServer } from '../support/scripted-server';

/* DPS knows one connection a device: a second registration abreast ends the first. */

const quick = { minDelayMs: 1, maxDelayMs: 5 };
let certificates: IssuedCertificate[];

beforeAll(async () => {
  const make = () => createSelfSignedCertificate({ commonName: 'dev-1' });
  certificates = await Promise.all([make(), make(), make()]);
});

/** A DPS that counts, and behind it a hub. Registrations wait for `release` while it is held. */
class CountingDps implements AsyncDisposable {
  registrations = 0;
  abreast = 0;
  mostAbreast = 0;
  readonly #hubs: ScriptedClient[] = [];
  #server: ScriptedServer | undefined;
  #gate: Promise<void> = Promise.resolve();
  #waiting: (() => void)[] = [];
  release: () => void = () => undefined;

  async start(): Promise<this> {
    this.#server = await startScriptedServer(async (client) => {
      const { username } = await client.peek('connect');
      if (username?.includes('/registrations/')) await this.#register(client);
      else await this.#connect(client);
    });
    return this;
  }

  get options(): ConnectOptions {
    const [first] = certificates;
    return {
      enrollment: 'hub-individual',
      idScope: '0ne00ABCDEF',
      globalEndpoint: this.#server?.endpoint ?? '',
      ca: this.#server?.ca ?? '',
      cert: first?.certificate ?? '',
      key: first?.privateKey ?? '',
      reconnect: quick,
      timeoutMs: 20_000,
    };
  }

  hold(): void {
    this.#gate = new Promise((resolve) => (this.release = resolve));
  }

  /** Resolves when registrations have begun, this many in all. */
  async begun(number: number): Promise<void> {
    while (this.registrations < number) await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  dropHub(): void {
    this.#hubs.at(-1)?.drop();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server?.close();
  }

  async #register(client: ScriptedClient): Promise<void> {
    this.abreast += 1;
    this.mostAbreast = Math.max(this.mostAbreast, this.abreast);
    client.socket.once('close', () => (this.abreast -= 1));
    await client.accept();
    await client.acceptSubscription();
    const request = await client.acceptPublish();
    this.registrations += 1;
    for (const wake of this.#waiting.splice(0)) wake();
    await this.#gate;
    const assignedHub = this.#server?.endpoint;
    const registrationState = { registrationId: 'dev-1', deviceId: 'dev-1', assignedHub, status: 'assigned' };
    client.answer(request, 200, { operationId: '5.op', status: 'assigned', registrationState });
  }

  async #connect(client: ScriptedClient): Promise<void> {
    this.#hubs.push(client);
    await client.accept();
  }
}

async function until(connection: DeviceConnection, status: string): Promise<void> {
  await new Promise<void>((resolve) => {
    const look = () => {
      if (connection.state.status !== status) return;
      connection.off('state', look);
      resolve();
    };
    connection.on('state', look);
    look();
  });
}

const renewed = (number: number) => ({
  cert: certificates[number]?.certificate ?? '',
  key: certificates[number]?.privateKey ?? '',
});

test('reprovision() during a registration of the connection shares it', async () => {
  await expectNothingLeft(async () => {
    await using dps = await new CountingDps().start();
    dps.hold();
    const connection = await connectDevice({ ...dps.options, start: 'background' });
    await dps.begun(1);
    const calls = [connection.reprovision(), connection.reprovision(), connection.reprovision()];
    dps.release();
    const assignments = await Promise.all(calls);
    await connection.whenConnected();
    expect(assignments).toMatchObject([{ deviceId: 'dev-1' }, { deviceId: 'dev-1' }, { deviceId: 'dev-1' }]);
    expect(dps).toMatchObject({ registrations: 1, mostAbreast: 1 });
    await connection.close();
  });
});

test('calls of reprovision() at once share one registration, and a later call makes its own', async () => {
  await using dps = await new CountingDps().start();
  await using connection = await connectDevice(dps.options);
  await Promise.all(Array.from({ length: 20 }, () => connection.reprovision()));
  expect(dps).toMatchObject({ registrations: 2, mostAbreast: 1 });
  await connection.reprovision();
  expect(dps.registrations).toBe(3);
});

test('other credentials wait for the registration under way', async () => {
  await using dps = await new CountingDps().start();
  dps.hold();
  await using connection = await connectDevice({ ...dps.options, start: 'background' });
  await dps.begun(1);
  const calls = [
    connection.updateCredentials(renewed(1)),
    connection.reprovision(),
    connection.updateCredentials(renewed(2)),
  ];
  dps.release();
  await Promise.all(calls);
  await connection.whenConnected();
  expect(dps.mostAbreast).toBe(1);
  dps.dropHub();
  await until(connection, 'reconnecting');
  await until(connection, 'connected');
  expect(dps.mostAbreast).toBe(1);
});

test('close() during a shared registration settles everybody who waits for it', async () => {
  await expectNothingLeft(async () => {
    await using dps = await new CountingDps().start();
    dps.hold();
    const connection = await connectDevice({ ...dps.options, start: 'background' });
    await dps.begun(1);
    const outcomes = Promise.allSettled([
      connection.reprovision(),
      connection.updateCredentials(renewed(1)),
      connection.whenConnected(),
    ]);
    await connection.close();
    const closed = { status: 'rejected', reason: { code: 'CONNECTION_CLOSED' } };
    expect(await outcomes).toMatchObject([closed, closed, closed]);
  });
});
