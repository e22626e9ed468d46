import { once } from 'node:events';
import {
  createDeviceCertificate,
  createRootCertificate,
  createSelfSignedCertificate,
  type IssuedCertificate,
} from 'azure-iot-certificates';
import { startEmulator } from 'azure-iot-emulator';
import { connectToDps } from '../support/clients';
import { useEmulator } from '../support/emulator';
import { openRequest, send, type Request, type Response, type Server } from '../support/https';
import { jsonOf } from '../support/raw-client';

/* The API of DPS for devices that speak HTTP. */

const context = useEmulator();
const VERSION = 'api-version=2019-03-31';

function server(emulator = context.emulator): Server {
  return { endpoint: emulator.globalEndpoint, ca: emulator.ca };
}

function pathOf(registrationId: string, rest = '', idScope = context.emulator.idScope): string {
  return `/${idScope}/registrations/${registrationId}${rest}?${VERSION}`;
}

async function enroll(registrationId: string, options: object = {}): Promise<IssuedCertificate> {
  const device = await createSelfSignedCertificate({ commonName: registrationId });
  context.emulator.dps.individualEnrollments.create({
    registrationId,
    primaryCertificate: device.certificate,
    ...options,
  });
  return device;
}

function json({ body }: Response): Record<string, unknown> {
  return JSON.parse(body) as Record<string, unknown>;
}

const jsonType = { 'content-type': 'application/json; charset=utf-8' };

describe('a registration over HTTP', () => {
  it('is accepted with 202 and Retry-After, polled, and ends with 200', async () => {
    const identity = await enroll('http-1');
    const accepted = await send(server(), {
      method: 'PUT',
      path: pathOf('http-1', '/register'),
      headers: { 'content-type': 'application/json' },
      body: '{"registrationId":"http-1","payload":{"line":7}}',
      identity,
    });
    expect(accepted).toMatchObject({ status: 202, headers: { ...jsonType, 'retry-after': '0' } });
    const { operationId } = json(accepted);
    expect(json(accepted)).toEqual({ operationId, status: 'assigning' });

    const poll = { path: pathOf('http-1', `/operations/${String(operationId)}`), identity };
    const pending = await send(server(), poll);
    expect(pending).toMatchObject({ status: 202, headers: { 'retry-after': '0' } });
    expect(json(pending)).toMatchObject({
      registrationState: { registrationId: 'http-1', status: 'assigning' },
    });
    const assigned = await send(server(), poll);
    expect(assigned).toMatchObject({ status: 200, headers: jsonType });
    expect(assigned.headers).not.toHaveProperty('retry-after');
    expect(json(assigned)).toMatchObject({
      operationId,
      status: 'assigned',
      registrationState: {
        assignedHub: context.hub.hostName,
        deviceId: 'http-1',
        substatus: 'initialAssignment',
      },
    });
    expect(context.hub.devices.get('http-1')).toBeDefined();
    expect(context.emulator.dps.registrations.get('http-1')).toMatchObject({ payload: { line: 7 } });
  });

  it('can be read', async () => {
    const identity = await enroll('http-2');
    const lookUp = { method: 'POST', path: pathOf('http-2'), identity };
    const unknown = await send(server(), lookUp);
    expect(unknown).toMatchObject({ status: 404, headers: { 'x-ms-error-code': '404201' } });
    await send(server(), { method: 'PUT', path: pathOf('http-2', '/register'), identity });
    const found = await send(server(), { ...lookUp, body: '{"registrationId":"http-2"}' });
    expect(found.status).toBe(200);
    expect(json(found)).toMatchObject({ registrationId: 'http-2', status: 'assigned', deviceId: 'http-2' });
    const withRequest = await send(server(), { ...lookUp, body: '{"csr":"MIIB"}' });
    expect(withRequest).toMatchObject({ status: 400, headers: { 'x-ms-error-code': '400004' } });
  });

  it('and a registration over MQTT lead to the same registration state', async () => {
    const { emulator } = context;
    const identity = await enroll('http-3');
    await using client = await connectToDps(emulator, identity, 'http-3');
    client.publish('$dps/registrations/PUT/iotdps-register/?$rid=1');
    const { operationId } = jsonOf(await client.expect('publish'));
    const register: Request = { method: 'PUT', path: pathOf('http-3', '/register'), identity };
    expect(await send(server(), register)).toMatchObject({
      status: 409,
      headers: { 'x-ms-error-code': '409203' },
    });
    const poll = { path: pathOf('http-3', `/operations/${String(operationId)}`), identity };
    await send(server(), poll);
    expect(json(await send(server(), poll))).toMatchObject({ status: 'assigned' });
    // Nobody is in the way of a device that registers without a connection of its own, not even itself.
    expect(await send(server(), register)).toMatchObject({ status: 202 });
    expect(await send(server(), register)).toMatchObject({ status: 202 });
  });

  it('waits for a custom allocation until the emulator is closed, and no longer', async () => {
    await using emulator = await startEmulator({ retryAfterSeconds: 0 });
    const identity = await createSelfSignedCertificate({ commonName: 'http-4' });
    const signals: AbortSignal[] = [];
    emulator.dps.individualEnrollments.create({
      registrationId: 'http-4',
      primaryCertificate: identity.certificate,
      allocationPolicy: 'custom',
      customAllocation: (_request, signal) => {
        signals.push(signal);
        return new Promise(() => undefined);
      },
    });
    const path = pathOf('http-4', '/register', emulator.idScope);
    const accepted = await send(server(emulator), { method: 'PUT', path, identity });
    const { operationId } = json(accepted);
    const pollPath = pathOf('http-4', `/operations/${String(operationId)}`, emulator.idScope);
    for (let polls = 0; polls < 3; polls++) {
      expect(json(await send(server(emulator), { path: pollPath, identity }))).toMatchObject({
        status: 'assigning',
      });
    }
    expect(signals.map(({ aborted }) => aborted)).toEqual([false]);
    await emulator.close();
    expect(signals.map(({ aborted }) => aborted)).toEqual([true]);
  });

  it('takes devices of enrollment groups by the chain that they send', async () => {
    const root = await createRootCertificate({ commonName: 'HTTP root' });
    const { certificates, enrollmentGroups } = context.emulator.dps;
    certificates.upload({ name: 'http', certificate: root.certificate, isVerified: true });
    enrollmentGroups.create({ enrollmentGroupId: 'http', certificateName: 'http' });
    const identity = await createDeviceCertificate({ commonName: 'http:5', issuer: root });
    const path = pathOf('http%3A5', '/register');
    expect(await send(server(), { method: 'PUT', path, identity })).toMatchObject({ status: 202 });
    expect(context.hub.devices.get('http:5')).toBeDefined();
  });
});

describe('a refusal over HTTP', () => {
  let identity: IssuedCertificate;

  beforeAll(async () => {
    identity = await enroll('http-6');
  });

  it.each<[string, number, number, () => Promise<Partial<Request>> | Partial<Request>]>([
    [
      'another certificate',
      401,
      401002,
      async () => ({ identity: await createSelfSignedCertificate({ commonName: 'http-6' }) }),
    ],
    ['no certificate', 401, 401000, () => ({ identity: undefined })],
    [
      'a shared access signature',
      401,
      401000,
      () => ({ headers: { authorization: 'SharedAccessSignature sr=x' } }),
    ],
    ["somebody else's name", 401, 401002, () => ({ path: pathOf('http-7', '/register') })],
    [
      'an ID scope that nobody has',
      404,
      404000,
      () => ({ path: pathOf('http-6', '/register', '0ne00000000') }),
    ],
    ['a path that is not known', 404, 404000, () => ({ path: pathOf('http-6', '/enroll') })],
    ['a path that is not encoded properly', 404, 404000, () => ({ path: pathOf('%zz', '/register') })],
    ['no version', 400, 400004, () => ({ path: pathOf('http-6', '/register').replace(VERSION, '') })],
    ['a body that is not JSON', 400, 400004, () => ({ body: '{' })],
    ['a body that is a list', 400, 400004, () => ({ body: '[]' })],
    ['another registration ID in the body', 400, 400004, () => ({ body: '{"registrationId":"http-7"}' })],
    [
      'a body that is too deep',
      400,
      400004,
      () => ({ body: `{"payload":${'['.repeat(1000)}${']'.repeat(1000)}}` }),
    ],
    ['another media type', 415, 415000, () => ({ headers: { 'content-type': 'text/plain' }, body: '{}' })],
    ['a body of more than 96 KB', 413, 413001, () => ({ body: ' '.repeat(97 * 1024) })],
    ['another method', 405, 405000, () => ({ method: 'POST' })],
    [
      'an operation that there is none of',
      404,
      404201,
      () => ({ method: 'GET', path: pathOf('http-6', '/operations/5.0.0') }),
    ],
  ])('for %s is %d with the code %d', async (_what, status, errorCode, departure) => {
    const response = await send(server(), {
      method: 'PUT',
      path: pathOf('http-6', '/register'),
      identity,
      ...(await departure()),
    });
    expect(response).toMatchObject({
      status,
      headers: { ...jsonType, 'x-ms-error-code': String(errorCode) },
    });
    expect(json(response)).toEqual({
      errorCode,
      trackingId: expect.stringMatching(/^[0-9a-f-]{36}$/) as unknown,
      message: expect.stringMatching(/./) as unknown,
      timestampUtc: expect.stringMatching(/\.\d{7}Z$/) as unknown,
    });
    expect(context.hub.devices.get('http-6')).toBeUndefined();
  });

  it('for another method names the methods that are allowed', async () => {
    const response = await send(server(), {
      method: 'DELETE',
      path: pathOf('http-6', '/register'),
      identity,
    });
    expect(response).toMatchObject({ status: 405, headers: { allow: 'PUT' } });
  });

  it('for a device without enrollment is the same for polls and reads', async () => {
    const { individualEnrollments } = context.emulator.dps;
    const device = await enroll('http-8');
    const accepted = await send(server(), {
      method: 'PUT',
      path: pathOf('http-8', '/register'),
      identity: device,
    });
    individualEnrollments.update('http-8', { provisioningStatus: 'disabled' });
    const operation = pathOf('http-8', `/operations/${String(json(accepted)['operationId'])}`);
    for (const request of [{ path: operation }, { method: 'POST', path: pathOf('http-8') }]) {
      expect(await send(server(), { ...request, identity: device })).toMatchObject({
        status: 401,
        headers: { 'x-ms-error-code': '401000' },
      });
    }
  });

  it('by a throttle has Retry-After', async () => {
    await using emulator = await startEmulator({ throttling: { registrationsPerMinute: 1 } });
    const device = await createSelfSignedCertificate({ commonName: 'http-9' });
    // A look-up counts as a registration.
    await send(server(emulator), {
      method: 'POST',
      path: pathOf('http-9', '', emulator.idScope),
      identity: device,
    });
    const response = await send(server(emulator), {
      method: 'PUT',
      path: pathOf('http-9', '/register', emulator.idScope),
      identity: device,
    });
    expect(response).toMatchObject({
      status: 429,
      headers: { 'x-ms-error-code': '429001', 'retry-after': expect.stringMatching(/^\d+$/) as unknown },
    });
  });

  it('is not sent to a device that has ended its request', async () => {
    const opened = openRequest(server(), {
      method: 'PUT',
      path: pathOf('http-6', '/register'),
      identity,
      headers: { 'content-length': 100 },
    });
    opened.write('{"registrationId"');
    await once(opened, 'socket');
    opened.on('error', () => undefined);
    opened.destroy();
    expect(await send(server(), { path: '/', identity })).toMatchObject({ status: 404 });
    expect(context.hub.devices.get('http-6')).toBeUndefined();
  });
});

it('The HTTP API of DPS is served on a shared port as well', async () => {
  await using emulator = await startEmulator({ sharedPorts: [0], retryAfterSeconds: 0 });
  const identity = await createSelfSignedCertificate({ commonName: 'http-10' });
  emulator.dps.individualEnrollments.create({
    registrationId: 'http-10',
    primaryCertificate: identity.certificate,
  });
  const path = pathOf('http-10', '/register', emulator.idScope);
  expect(await send(server(emulator), { method: 'PUT', path, identity })).toMatchObject({ status: 202 });
});
