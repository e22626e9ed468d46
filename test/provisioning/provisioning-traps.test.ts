import { once } from 'node:events';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { ProvisioningError, provisionDevice, TimeoutError, type ProvisionOptions } from 'azure-iot-x509';
import { createSelfSignedCertificate, type IssuedCertificate } from 'azure-iot-certificates';
import { expectNothingLeft } from '../support/leaks';
import { startScriptedServer, type ScriptedClient, type ScriptedServer } from '../support/scripted-server';

/*
 * What goes wrong with the plain SDK during a registration: hangs, crashes, lost reasons. Each test provokes the
 * symptom in its title and shows that it does not reach the caller.
 */

let device: IssuedCertificate;
let server: ScriptedServer | undefined;

beforeAll(async () => {
  device = await createSelfSignedCertificate({ commonName: 'dev-1', subject: { organization: 'Contoso' } });
});

afterEach(async () => {
  await server?.close();
  server = undefined;
});

async function start(script: (client: ScriptedClient, number: number) => unknown): Promise<void> {
  server = await startScriptedServer(script);
}

function options(
  more: Partial<Pick<ProvisionOptions, 'timeoutMs' | 'signal' | 'payload'>> = {},
): ProvisionOptions {
  if (!server) throw new Error('No server.');
  return {
    enrollment: 'hub-individual',
    idScope: '0ne00ABCDEF',
    globalEndpoint: server.endpoint,
    ca: server.ca,
    cert: device.certificate,
    key: device.privateKey,
    timeoutMs: 20_000,
    ...more,
  };
}

/** The error that the registration rejects with; nothing may be left open behind it. */
async function failure(more?: Parameters<typeof options>[0]): Promise<unknown> {
  let error: unknown;
  await expectNothingLeft(async () => {
    error = await provisionDevice(options(more)).then(
      () => new Error('The registration succeeded.'),
      (reason: unknown) => reason,
    );
    // The server's ends of the sockets count as resources of this process too.
    for (const client of server?.clients ?? []) client.drop();
  });
  return error;
}

const assigned = (more: object = {}) => ({
  operationId: '5.op',
  status: 'assigned',
  registrationState: {
    registrationId: 'dev-1',
    deviceId: 'dev-1',
    assignedHub: 'hub.example',
    status: 'assigned',
    ...more,
  },
});

async function acceptRegistration(client: ScriptedClient) {
  await client.accept();
  await client.acceptSubscription();
  return await client.acceptPublish();
}

const refusal = {
  errorCode: 401002,
  trackingId: '8d2c9f0e-0000-4000-8000-000000000000',
  message: 'CA certificate not found.',
  timestampUtc: '2026-01-01T00:00:00.0000000Z',
};

test('a 401 followed by a dropped connection rejects with the code and text of the service', async () => {
  await start(async (client) => {
    client.answer(await acceptRegistration(client), 401, refusal);
    client.end();
  });
  const error = await failure();
  expect(error).toBeInstanceOf(ProvisioningError);
  expect(error).toMatchObject({
    code: 'REGISTRATION_REFUSED',
    service: 'dps',
    serviceCode: 401002,
    trackingId: refusal.trackingId,
    isTransient: false,
  });
  expect((error as Error).message).toContain('"CA certificate not found".');
});

test('a 401 on a connection that stays open rejects with the code of the service', async () => {
  await start(async (client) => {
    client.answer(await acceptRegistration(client), 401, refusal);
  });
  expect(await failure()).toMatchObject({ code: 'REGISTRATION_REFUSED', serviceCode: 401002 });
});

test.each([
  ['before CONNACK', (client: ScriptedClient) => client.expect('connect')],
  [
    'during SUBSCRIBE',
    async (client: ScriptedClient) => {
      await client.accept();
      await client.expect('subscribe');
    },
  ],
  [
    'before the acknowledgement of the registration',
    async (client: ScriptedClient) => {
      await client.accept();
      await client.acceptSubscription();
      await client.expect('publish');
    },
  ],
  ['before the answer to the registration', (client: ScriptedClient) => acceptRegistration(client)],
  [
    'while waiting to poll',
    async (client: ScriptedClient) => {
      client.answer(await acceptRegistration(client), 202, { operationId: '5.op', status: 'assigning' }, 60);
    },
  ],
  [
    'during a poll',
    async (client: ScriptedClient) => {
      client.answer(await acceptRegistration(client), 202, { operationId: '5.op', status: 'assigning' }, 0);
      await client.acceptPublish();
    },
  ],
])('a connection dropped %s rejects at once instead of hanging or crashing', async (_when, until) => {
  await start(async (client) => {
    await until(client);
    client.drop();
  });
  expect(await failure()).toMatchObject({ code: 'CONNECTION_LOST', service: 'dps', isTransient: true });
});

test('a registration without a SUBACK ends at the deadline', async () => {
  await start(async (client) => {
    await client.accept();
    await client.expect('subscribe');
  });
  const error = await failure({ timeoutMs: 300 });
  expect(error).toBeInstanceOf(TimeoutError);
  expect((error as Error).message).toContain('it has not answered');
});

test('a registration at a server that accepts the connection and never speaks TLS ends at the deadline', async () => {
  await start(() => undefined);
  const silent = createServer();
  silent.listen(0, '127.0.0.1');
  await once(silent, 'listening');
  const sockets: Socket[] = [];
  silent.on('connection', (socket) => sockets.push(socket));
  try {
    await expectNothingLeft(async () => {
      const { port } = silent.address() as AddressInfo;
      const attempt = provisionDevice({
        ...options({ timeoutMs: 300 }),
        globalEndpoint: `localhost:${port}`,
      });
      await expect(attempt).rejects.toBeInstanceOf(TimeoutError);
      for (const socket of sockets) socket.destroy();
    });
  } finally {
    silent.close();
  }
});

test('a registration that is answered 429 for ever ends at the deadline, with that answer in the error', async () => {
  await start(async (client) => {
    await client.accept();
    await client.acceptSubscription();
    for (;;)
      client.answer(await client.acceptPublish(), 429, { errorCode: 429001, message: 'Throttled.' }, 0);
  });
  const error = await failure({ timeoutMs: 1_500 });
  expect(error).toMatchObject({ name: 'TimeoutError', serviceCode: 429001, isTransient: true });
  expect((error as Error).message).toContain('429');
});

test('a throttled registration is sent again and succeeds', async () => {
  await start(async (client) => {
    client.answer(await acceptRegistration(client), 429, { errorCode: 429001 }, 0);
    client.answer(await client.acceptPublish(), 202, { operationId: '5.op', status: 'assigning' }, 0);
    client.answer(await client.acceptPublish(), 500, '', 0);
    client.answer(await client.acceptPublish(), 200, assigned());
  });
  await expect(provisionDevice(options())).resolves.toMatchObject({
    assignedHub: 'hub.example',
    deviceId: 'dev-1',
  });
});

test('a registration with status disabled rejects with ENROLLMENT_DISABLED', async () => {
  await start(async (client) => {
    client.answer(await acceptRegistration(client), 200, {
      operationId: '5.op',
      status: 'disabled',
      registrationState: { registrationId: 'dev-1', status: 'disabled' },
    });
  });
  const error = await failure();
  expect(error).toMatchObject({ code: 'ENROLLMENT_DISABLED' });
  expect((error as ProvisioningError).remedy).toContain('Individual enrollments');
});

test('a failed registration carries the code of the service', async () => {
  await start(async (client) => {
    client.answer(await acceptRegistration(client), 202, { operationId: '5.op', status: 'assigning' }, 0);
    client.answer(await client.acceptPublish(), 200, {
      operationId: '5.op',
      status: 'failed',
      registrationState: {
        registrationId: 'dev-1',
        status: 'failed',
        errorCode: 400207,
        errorMessage: 'Custom allocation failed with status code: 404',
      },
    });
  });
  const error = await failure();
  expect(error).toMatchObject({ code: 'REGISTRATION_FAILED', serviceCode: 400207 });
  expect((error as Error).message).toContain('status code: 404');
});

test.each([
  ['an empty answer', ''],
  ['an answer that is no JSON', '<html>Bad gateway</html>'],
  ['an answer that is no object', '[1]'],
  ['an answer without a status', '{}'],
])('%s is an error, not a crash', async (_what, body) => {
  await start(async (client) => {
    client.answer(await acceptRegistration(client), 200, body);
  });
  expect(await failure()).toMatchObject({ code: 'INVALID_RESPONSE', service: 'dps' });
});

test('an assignment without a hub is an error', async () => {
  await start(async (client) => {
    client.answer(await acceptRegistration(client), 200, assigned({ assignedHub: undefined }));
  });
  expect(await failure()).toMatchObject({ code: 'INVALID_RESPONSE' });
});

test('text beyond ASCII in the returned payload arrives unharmed', async () => {
  const payload = { city: 'Zürich', emoji: '🌡', key_ö: ['é'] };
  await start(async (client) => {
    client.answer(await acceptRegistration(client), 200, assigned({ payload }));
  });
  await expect(provisionDevice(options())).resolves.toMatchObject({ payload });
});

test('bytes that are not MQTT end the registration with an error', async () => {
  await start(async (client) => {
    await client.expect('connect');
    // Packet type 0 is reserved (MQTT 3.1.1, section 2.2.1).
    client.write(Buffer.from([0x00, 0x00, 0x00, 0x00]));
  });
  expect(await failure()).toMatchObject({ code: 'INVALID_RESPONSE', service: 'dps' });
});

test.each([1, 2, 3, 4, 5])(
  'a refused connection (CONNACK %d) is told by its return code',
  async (returnCode) => {
    await start(async (client) => {
      await client.expect('connect');
      client.send({ cmd: 'connack', returnCode, sessionPresent: false });
    });
    const unavailable = returnCode === 1 || returnCode === 3;
    expect(await failure()).toMatchObject({
      code: unavailable ? 'SERVICE_UNAVAILABLE' : 'UNAUTHORIZED',
      serviceCode: returnCode,
      isTransient: returnCode === 3,
    });
  },
);

test('a refused subscription ends the registration with an error', async () => {
  await start(async (client) => {
    await client.accept();
    const { messageId = 0 } = await client.expect('subscribe');
    client.send({ cmd: 'suback', messageId, granted: [0x80] });
  });
  expect(await failure()).toMatchObject({ code: 'SUBSCRIPTION_REFUSED' });
});

test.each([
  ['while connecting', () => undefined],
  ['while waiting for SUBACK', (client: ScriptedClient) => client.accept()],
  ['while waiting for the answer', (client: ScriptedClient) => acceptRegistration(client)],
  [
    'while waiting to poll',
    async (client: ScriptedClient) => {
      client.answer(await acceptRegistration(client), 202, { operationId: '5.op', status: 'assigning' }, 1e9);
    },
  ],
])('abort %s really stops the registration, its timers and its socket', async (_when, until) => {
  const reason = new Error('changed my mind');
  const controller = new AbortController();
  await start(async (client) => {
    await until(client);
    setImmediate(() => controller.abort(reason));
  });
  expect(await failure({ signal: controller.signal })).toBe(reason);
  expect(server?.openSockets).toBe(0);
});

test('a registration with an aborted signal sends nothing', async () => {
  await start(() => undefined);
  const reason = new Error('never mind');
  expect(await failure({ signal: AbortSignal.abort(reason) })).toBe(reason);
  expect(server?.clients).toHaveLength(0);
});

test('a status that is not text does not keep the deadline from being met', async () => {
  await start(async (client) => {
    await client.accept();
    await client.acceptSubscription();
    for (;;) client.answer(await client.acceptPublish(), 429, { status: 5 }, 60);
  });
  expect(await failure({ timeoutMs: 500 })).toMatchObject({ code: 'TIMEOUT' });
});

test('"assigning" without an operation to ask for is an error, not an endless registration', async () => {
  await start(async (client) => {
    client.answer(await acceptRegistration(client), 202, { status: 'assigning' }, 0);
  });
  expect(await failure()).toMatchObject({ code: 'INVALID_RESPONSE' });
});
