import { once } from 'node:events';
import { inspect } from 'node:util';
import { Message } from 'azure-iot-device';
import {
  connectDevice,
  ConnectionError,
  provisionDevice,
  TimeoutError,
  type ConnectOptions,
  type ConnectionState,
} from 'azure-iot-x509';
import type { IssuedCertificate } from 'azure-iot-certificates';
import { toConnectionError } from '../../src/errors/connection-error';
import { HttpProxy } from '../../src/options/proxy';
import { Wire } from '../../src/network/wire';
import type { WireError } from '../../src/errors/wire-error';
import { useEmulator } from '../../packages/emulator/test/support/emulator';
import { startConnectProxy } from '../support/connect-proxy';
import { enrollDevice } from '../support/enrolled-device';
import { expectNothingLeft } from '../support/leaks';
import { startScriptedServer } from '../support/scripted-server';

/* MQTT over WebSockets through an HTTP proxy, to DPS and to the hub. */

const running = useEmulator();
let options: ConnectOptions;
let device: IssuedCertificate;

beforeAll(async () => {
  ({ options, device } = await enrollDevice(running.emulator, 'hub-individual', 'proxied-1'));
});

const through = (proxy: string, more: Partial<ConnectOptions> = {}): ConnectOptions =>
  // Only the options that a test names are changed.
  ({ ...options, transport: 'mqtt-ws', proxy, ...more }) as ConnectOptions;

async function failure(call: Promise<unknown>): Promise<ConnectionError> {
  const error = await call.then(
    () => new Error('It succeeded.'),
    (reason: unknown) => reason,
  );
  if (!(error instanceof ConnectionError)) throw new Error(`Not a ConnectionError: ${String(error)}`);
  return error;
}

describe('when the proxy does not make the connection, connectDevice rejects, because', () => {
  test.each([
    [407, false, /requires a user and password/, /user:password@/],
    [403, false, /does not allow that/, /port 443/],
    [502, true, /HTTP status 502\.$/, /NO_PROXY/],
    [302, false, /HTTP status 302\.$/, /HTTPS_PROXY/],
  ])('it answers %i', async (status, isTransient, message, remedy) => {
    await expectNothingLeft(async () => {
      await using proxy = await startConnectProxy({ behavior: { kind: 'refuse', status } });
      const error = await failure(provisionDevice(through(proxy.url)));
      expect(error).toMatchObject({ code: 'PROXY_REFUSED', isTransient, service: 'dps' });
      expect(error.host).toBe(running.emulator.globalEndpoint);
      expect(error.message).toContain(proxy.name);
      expect(error.message).toMatch(message);
      expect(error.remedy).toMatch(remedy);
    });
  });

  test('it requires other credentials, and no error shows the given ones', async () => {
    await using proxy = await startConnectProxy({ credentials: 'jane:right' });
    const url = proxy.url.replace('http://', 'http://jane:S3cret-word@');
    const error = await failure(connectDevice(through(url)));
    expect(error.code).toBe('PROXY_REFUSED');
    const secret = Buffer.from('jane:S3cret-word').toString('base64');
    const shown = inspect(error, { depth: 12, showHidden: true });
    expect(shown).not.toContain('S3cret-word');
    expect(shown).not.toContain(secret);
  });

  test('nothing listens at its address', async () => {
    const proxy = await startConnectProxy();
    await proxy[Symbol.asyncDispose]();
    const error = await failure(provisionDevice(through(proxy.url)));
    expect(error).toMatchObject({ code: 'PROXY_UNREACHABLE', isTransient: true });
    expect(error.message).toContain(
      `The proxy ${proxy.name}, through which ${running.emulator.globalEndpoint}`,
    );
    expect(error.message).toContain('nothing accepts connections there');
  });

  test('its name has no address', async () => {
    const error = await failure(provisionDevice(through('http://no-such-proxy.invalid:8080')));
    expect(error.code).toBe('PROXY_UNREACHABLE');
    expect(error.message).toMatch(/no-such-proxy\.invalid:8080.*(no address|name server)/);
  });

  test.each([{ kind: 'drop' }, { kind: 'babble' }] as const)(
    'it does not speak HTTP: $kind',
    async (behavior) => {
      await expectNothingLeft(async () => {
        await using proxy = await startConnectProxy({ behavior });
        const error = await failure(provisionDevice(through(proxy.url)));
        expect(error.code).toBe('PROXY_UNREACHABLE');
        expect(error.message).toMatch(/cannot be used: \S/);
      });
    },
  );

  test('it never answers: the error comes at the deadline, and nothing stays open', async () => {
    await expectNothingLeft(async () => {
      await using proxy = await startConnectProxy({ behavior: { kind: 'stall' } });
      await expect(provisionDevice(through(proxy.url, { timeoutMs: 300 }))).rejects.toBeInstanceOf(
        TimeoutError,
      );
      expect(proxy.targets).toEqual([running.emulator.globalEndpoint]);
    });
  });

  test('it never answers within the time for the handshake: the error names the proxy', async () => {
    await expectNothingLeft(async () => {
      await using proxy = await startConnectProxy({ behavior: { kind: 'stall' } });
      const wire = new Wire({
        keepAliveSeconds: 60,
        connectTimeoutMs: 100,
        proxy: HttpProxy.parse(proxy.url),
      });
      const { certificate, privateKey } = device;
      wire.on('error', () => undefined);
      wire.connect('wss://hub.invalid:443/', { cert: certificate, key: privateKey });
      if (!wire.over.aborted) await once(wire.over, 'abort');
      const peer = { service: 'hub', registrationId: 'proxied-1', enrollment: 'hub-individual' } as const;
      const error = toConnectionError(wire.over.reason as WireError, { ...peer, host: 'hub.invalid' });
      expect(error).toBeInstanceOf(TimeoutError);
      expect(error.message).toBe(
        `The proxy ${proxy.name} did not make a connection to hub.invalid within 0.1 s.`,
      );
      expect(error.remedy).toContain('HTTPS_PROXY');
    });
  });

  test('it never answers before the caller aborts', async () => {
    await expectNothingLeft(async () => {
      await using proxy = await startConnectProxy({ behavior: { kind: 'stall' } });
      const controller = new AbortController();
      const call = connectDevice(through(proxy.url, { signal: controller.signal }));
      await proxy.asked(1);
      const reason = new Error('Enough.');
      controller.abort(reason);
      await expect(call).rejects.toBe(reason);
    });
  });

  test('it is not trusted itself', async () => {
    await using proxy = await startConnectProxy({ isSecure: true });
    const error = await failure(provisionDevice(through(proxy.url)));
    expect(error).toMatchObject({ code: 'PROXY_UNREACHABLE', isTransient: false });
    expect(error.message).toMatch(/certificate/);
    expect(proxy.targets).toEqual([]);
  });

  test('the server behind it is not trusted', async () => {
    await using server = await startScriptedServer(() => undefined);
    await using proxy = await startConnectProxy();
    const error = await failure(provisionDevice(through(proxy.url, { globalEndpoint: server.endpoint })));
    expect(error.code).toBe('SERVER_NOT_TRUSTED');
    expect(error.message).toContain(server.endpoint);
  });
});

describe('when the proxy makes the connection', () => {
  test.each([false, true])(
    'DPS and the hub are reached through it (TLS to the proxy: %s)',
    async (isSecure) => {
      await expectNothingLeft(async () => {
        await using proxy = await startConnectProxy({ credentials: 'jane:p@ss', isSecure });
        const url = proxy.url.replace('://', '://jane:p%40ss@');
        const ca = `${running.emulator.ca}${proxy.ca ?? ''}`;
        const connection = await connectDevice(through(url, { ca }));
        await connection.client.sendEvent(new Message('through'));
        expect(connection.registration.deviceId).toBe('proxied-1');
        expect(proxy.targets).toEqual([running.emulator.globalEndpoint, running.hub.hostName]);
        await connection.close();
      });
      expect(running.hub.receivedTelemetry('proxied-1').at(-1)?.body.toString()).toBe('through');
    },
  );

  test('it gets the host name of the server, which nobody else needs to resolve', async () => {
    await using server = await startScriptedServer(() => undefined);
    await using proxy = await startConnectProxy({ target: server.endpoint });
    const globalEndpoint = 'dps.invalid';
    const error = await failure(provisionDevice(through(proxy.url, { globalEndpoint, ca: server.ca })));
    // The scripted server's certificate is for localhost.
    expect(error).toMatchObject({ code: 'SERVER_NOT_TRUSTED', host: globalEndpoint });
    expect(proxy.targets).toEqual(['dps.invalid:443']);
  });

  test('a lost connection is restored through the proxy', async () => {
    await using proxy = await startConnectProxy();
    await using connection = await connectDevice(
      through(proxy.url, { reconnect: { minDelayMs: 10, maxDelayMs: 20 } }),
    );
    const states: ConnectionState['status'][] = [];
    const back = new Promise<void>((resolve) => {
      connection.on('state', ({ status }) => {
        states.push(status);
        if (status === 'connected') resolve();
      });
    });
    running.hub.disconnectDevice('proxied-1');
    await back;
    expect(states).toContain('reconnecting');
    expect(proxy.targets.filter((target) => target === running.hub.hostName)).toHaveLength(2);
  });

  test('it can be named by the environment, for hosts that are not this machine', async () => {
    await using proxy = await startConnectProxy({ behavior: { kind: 'refuse', status: 503 } });
    const { HTTPS_PROXY: before, NO_PROXY: noProxy } = process.env;
    Object.assign(process.env, { HTTPS_PROXY: proxy.url, NO_PROXY: 'excepted.invalid' });
    try {
      const { proxy: _proxy, ...direct } = through(proxy.url, { globalEndpoint: 'dps.invalid' });
      expect((await failure(provisionDevice(direct as ConnectOptions))).code).toBe('PROXY_REFUSED');
      const elsewhere = { ...direct, globalEndpoint: 'excepted.invalid' } as ConnectOptions;
      expect((await failure(provisionDevice(elsewhere))).code).toMatch(
        /HOST_NOT_FOUND|NAME_RESOLUTION_FAILED/,
      );
      const here = { ...direct, globalEndpoint: running.emulator.globalEndpoint } as ConnectOptions;
      expect((await provisionDevice(here)).status).toBe('assigned');
      expect(proxy.targets).toEqual(['dps.invalid:443']);
    } finally {
      for (const [name, value] of Object.entries({ HTTPS_PROXY: before, NO_PROXY: noProxy })) {
        if (value === undefined) Reflect.deleteProperty(process.env, name);
        else process.env[name] = value;
      }
    }
  });
});
