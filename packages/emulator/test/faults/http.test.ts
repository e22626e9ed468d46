import { once } from 'node:events';
import {
  createRootCertificate,
  createSelfSignedCertificate,
  type IssuedCertificate,
} from 'azure-iot-certificates';
import type { FaultInit } from 'azure-iot-emulator';
import { createServerCertificate } from '../../../certificates/src/making/server';
import { FaultInjection } from '../../src/faults/fault-injection';
import { DeviceListener } from '../../src/devices/listener';
import type { RoutableService } from '../../src/devices/shared-port';
import { openRequest, responseTo, send, type Response, type Server } from '../support/https';

/* Faults at requests over HTTPS. */

type HttpFault = Extract<FaultInit, { at: 'http' }>;

/** Services that answer every request, and remember them. */
class Services implements AsyncDisposable {
  readonly faults: FaultInjection['faults'];
  readonly handled: string[] = [];
  readonly #injection = new FaultInjection();
  readonly #listeners: DeviceListener[] = [];
  readonly #endpoints = new Map<string, Server>();

  constructor() {
    this.faults = this.#injection.faults;
  }

  static async start(): Promise<Services> {
    const services = new Services();
    const issuer = await createRootCertificate({ commonName: 'root' });
    const hostNames = ['localhost'];
    const server = await createServerCertificate({ issuer, hostNames });
    const credentials = { certificate: server.fullChain, privateKey: server.privateKey };
    const named = [];
    for (const kind of ['dps', 'hub'] as const) {
      const service = services.#service(kind);
      const interceptor = services.#injection.interceptor(service);
      const listener = await DeviceListener.listen(service, credentials, { interceptor });
      services.#listeners.push(listener);
      const endpoint = `localhost:${listener.port}`;
      services.#endpoints.set(kind, { endpoint, ca: issuer.certificate });
      named.push({ name: kind, kind, service, listening: listener });
    }
    const init = { services: named, instances: [], linkedHubs: [], isPortShared: false };
    services.#injection.attach(init, { issuer: () => Promise.resolve(issuer), hostNames });
    return services;
  }

  server(kind: 'dps' | 'hub'): Server {
    const server = this.#endpoints.get(kind);
    if (server === undefined) throw new Error('it was started');
    return server;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#injection.close();
    await Promise.all(this.#listeners.map((listener) => listener.close()));
  }

  #service(label: string): RoutableService {
    return {
      label,
      acceptsUsername: () => false,
      acceptsRequest: () => true,
      connect: () => ({ returnCode: 5, reason: 'this is for requests' }),
      handleRequest: ({ request, response }) => {
        this.handled.push(`${label} ${request.url ?? ''}`);
        response.writeHead(201, { 'content-type': 'application/json', 'content-length': 13 });
        response.write('{"from":');
        response.end(`"${label}"}`.slice(0, 5));
      },
    };
  }
}

let services: Services;
let identity: IssuedCertificate;

beforeAll(async () => {
  services = await Services.start();
  identity = await createSelfSignedCertificate({ commonName: 'pump-1' });
});
afterEach(() => {
  services.faults.clear();
  services.handled.length = 0;
});
afterAll(() => services[Symbol.asyncDispose]());

const REGISTER = '/0ne00ABCDEF/registrations/pump-1/register?api-version=2021-06-01';

async function put(path = REGISTER, kind: 'dps' | 'hub' = 'dps'): Promise<Response> {
  return send(services.server(kind), { method: 'PUT', path, body: '{}', identity });
}

async function errorOf(response: Promise<Response>): Promise<string | undefined> {
  return response.then(
    () => undefined,
    (error: unknown) => (error as NodeJS.ErrnoException).code,
  );
}

describe('an HTTP request that a fault hits', () => {
  it('is answered by the fault, and the service does not see it', async () => {
    services.faults.add({
      at: 'http',
      action: { kind: 'answer', status: 429, code: 429001, message: 'Slow down.', retryAfterSeconds: 7 },
    });
    const { status, headers, body } = await put();
    expect({ status, retryAfter: headers['retry-after'] }).toEqual({ status: 429, retryAfter: '7' });
    expect(JSON.parse(body)).toMatchObject({ errorCode: 429001, message: 'Slow down.' });
    expect(services.handled).toEqual([]);
    expect((await put()).status).toBe(201);
  });

  it('to a hub is answered in the form of the hub', async () => {
    services.faults.add({ at: 'http', action: { kind: 'answer', status: 500 } });
    const { body } = await put('/devices/pump-1/files', 'hub');
    const { Message } = JSON.parse(body) as { Message: string };
    expect(JSON.parse(Message)).toMatchObject({ errorCode: 500000 });
  });

  it('is answered with the body of the fault', async () => {
    services.faults.add({ at: 'http', action: { kind: 'answer', status: 202, body: [1] } });
    expect(await put()).toMatchObject({ status: 202, body: '[1]' });
  });

  const lost: [HttpFault['action'], boolean][] = [
    [{ kind: 'close' }, false],
    [{ kind: 'reset' }, false],
    [{ kind: 'close', when: 'after' }, true],
    [{ kind: 'reset', when: 'after' }, true],
  ];

  it.each(lost)(
    'ends the connection with %j, and whether the service has seen it is %s',
    async (action, isHandled) => {
      services.faults.add({ at: 'http', action });
      expect(await errorOf(put())).toBe('ECONNRESET');
      expect(services.handled).toHaveLength(isHandled ? 1 : 0);
    },
  );

  it.each(['before', 'after'] as const)('is never answered (%s)', async (when) => {
    const fault = services.faults.add({ at: 'http', action: { kind: 'ignore', when } });
    const request = openRequest(services.server('dps'), { path: REGISTER, identity });
    const answered = once(request, 'response');
    answered.catch(() => undefined);
    request.end();
    await fault.whenHit();
    expect((await put()).status).toBe(201);
    expect(services.handled).toHaveLength(when === 'before' ? 1 : 2);
    request.destroy(new Error('given up'));
    await expect(answered).rejects.toThrow('given up');
  });

  it.each(['before', 'after'] as const)('is answered late (%s), and in full', async (when) => {
    const fault = services.faults.add({ at: 'http', action: { kind: 'delay', ms: 2 ** 31 - 1, when } });
    const response = put();
    await fault.whenHit();
    expect((await put()).status).toBe(201);
    expect(services.handled).toHaveLength(when === 'before' ? 1 : 2);
    fault.remove();
    expect(await response).toMatchObject({ status: 201, body: '{"from":"dps"' });
    expect(services.handled).toHaveLength(2);
  });

  it('is answered with garbage', async () => {
    services.faults.add({ at: 'http', action: { kind: 'garbage', what: 'not-http' } });
    services.faults.add({ at: 'http', action: { kind: 'garbage', what: 'truncated' } });
    services.faults.add({ at: 'http', action: { kind: 'garbage', what: 'not-json' } });
    expect(await errorOf(put())).toMatch(/^HPE_/);
    await expect(put()).rejects.toThrow('aborted');
    const { status, body } = await put();
    expect(status).toBe(200);
    expect(() => JSON.parse(body) as unknown).toThrow();
  });

  it.each([
    ['dps', REGISTER, 'PUMP-1', true],
    ['dps', '/0ne00ABCDEF/registrations/pump-2/register', 'pump-1', false],
    ['hub', '/devices/pump-1/files', 'pump-1', true],
    ['hub', '/uploads/a%20b/photo.jpg?sig=x', 'a b', true],
    ['hub', '/devices/PUMP-1/files', 'pump-1', false],
    ['hub', '/', 'pump-1', true],
  ] as const)('at %s to %s counts for the device %s: %s', async (kind, path, device, isStruck) => {
    const fault = services.faults.add({ at: 'http', device, action: { kind: 'answer', status: 418 } });
    expect((await put(path, kind)).status).toBe(isStruck ? 418 : 201);
    expect(fault.hits).toBe(isStruck ? 1 : 0);
  });

  it('is hit only if it is for the service that the fault names', async () => {
    services.faults.add({ at: 'http', service: 'hub', times: 2, action: { kind: 'answer', status: 418 } });
    expect((await put()).status).toBe(201);
    expect((await put('/devices/pump-1/files', 'hub')).status).toBe(418);
  });

  it('restarts the service when it has been answered', async () => {
    const fault = services.faults.add({
      at: 'http',
      action: { kind: 'restart', downMs: 2 ** 31 - 1, when: 'after' },
    });
    expect((await put()).status).toBe(201);
    let error = await errorOf(put());
    while (error === undefined) error = await errorOf(put());
    expect(['ECONNREFUSED', 'ECONNRESET']).toContain(error);
    fault.remove();
    while ((await errorOf(put())) !== undefined);
  });

  it('that is larger than the part that was read can be answered', async () => {
    services.faults.add({ at: 'http', action: { kind: 'answer', status: 413 } });
    const request = openRequest(services.server('dps'), { method: 'PUT', path: REGISTER, identity });
    request.end(Buffer.alloc(5_000_000));
    expect((await responseTo(request)).status).toBe(413);
  });
});
