import { inspect } from 'node:util';
import { connectDevice, InvalidOptionsError, type ConnectOptions } from 'azure-iot-x509';
import { HttpProxy, proxyRule } from '../../src/options/proxy';

/* Which proxy is used for which host, and that its password stays where it is. */

describe('the URL of a proxy', () => {
  test.each([
    ['http://proxy.example.com:8080', 'proxy.example.com:8080', false],
    ['http://proxy.example.com', 'proxy.example.com:80', false],
    ['http://proxy.example.com/', 'proxy.example.com:80', false],
    ['proxy.example.com:3128', 'proxy.example.com:3128', false],
    ['https://proxy.example.com', 'proxy.example.com:443', true],
    ['http://[::1]:8080', '[::1]:8080', false],
  ])('%s', (text, name, isSecure) => {
    const proxy = HttpProxy.parse(text);
    expect([proxy?.name, proxy?.isSecure, proxy?.headers]).toEqual([name, isSecure, {}]);
  });

  test.each([
    '',
    'socks5://proxy:1080',
    'http://',
    'http://proxy:99999',
    'http://proxy/path',
    'http://proxy/?query',
    'http://user:%zz@proxy',
    'ftp://proxy',
  ])('%j is refused', (text) => {
    expect(HttpProxy.parse(text)).toBeUndefined();
  });

  test('has user and password, which only the proxy gets, decoded', () => {
    const proxy = HttpProxy.parse('http://jane:p%40ss%3Aw%C3%B6rd@proxy.example.com:8080');
    const [, encoded = ''] = proxy?.headers['Proxy-Authorization']?.split(' ') ?? [];
    expect(Buffer.from(encoded, 'base64').toString()).toBe('jane:p@ss:wörd');
    for (const shown of [JSON.stringify(proxy), inspect(proxy, { showHidden: true }), String(proxy?.name)])
      expect(shown).not.toMatch(/jane|p%40ss|p@ss|anBhbmU|cEBzcw/);
  });
});

describe('the environment', () => {
  const rule = (env: Record<string, string>) => proxyRule({ transport: 'mqtt-ws' }, env);
  const HTTPS_PROXY = 'http://proxy.example.com:8080';

  test('HTTPS_PROXY names the proxy, and the lower case counts first, as with curl', () => {
    expect(rule({ HTTPS_PROXY })('hub.example.net')?.name).toBe('proxy.example.com:8080');
    expect(rule({ HTTPS_PROXY, https_proxy: 'other:1' })('hub.example.net')?.name).toBe('other:1');
    expect(rule({ HTTPS_PROXY, https_proxy: '' })('hub.example.net')?.name).toBe('proxy.example.com:8080');
  });

  test.each([
    ['no variable', {}],
    ['an empty variable', { HTTPS_PROXY: ' ' }],
    ['HTTP_PROXY, which is for unencrypted connections', { HTTP_PROXY: HTTPS_PROXY }],
  ])('%s: no proxy', (_what, env) => {
    expect(rule(env)('hub.example.net')).toBeUndefined();
  });

  test.each(['localhost', 'localhost:18883', '127.0.0.1:443', '127.1.2.3', '[::1]:443', 'LOCALHOST'])(
    'no proxy leads back to this machine: %s',
    (host) => {
      expect(rule({ HTTPS_PROXY })(host)).toBeUndefined();
    },
  );

  test.each([
    ['*', 'hub.example.net'],
    ['hub.example.net', 'hub.example.net'],
    ['HUB.example.NET', 'hub.example.net:443'],
    ['example.net', 'hub.example.net'],
    ['.example.net', 'hub.example.net'],
    ['*.example.net', 'hub.example.net'],
    ['other.net, example.net', 'hub.example.net'],
    ['other.net example.net', 'hub.example.net'],
    ['hub.example.net:443', 'hub.example.net'],
    ['10.0.0.0/8', '10.1.2.3'],
    ['10.1.2.3', '10.1.2.3:443'],
    ['fd00::/8', '[fd00::1]:443'],
  ])('NO_PROXY=%s excepts %s', (NO_PROXY, host) => {
    expect(rule({ HTTPS_PROXY, NO_PROXY })(host)).toBeUndefined();
    expect(rule({ HTTPS_PROXY, no_proxy: NO_PROXY })(host)).toBeUndefined();
  });

  test.each([
    ['ub.example.net', 'hub.example.net'],
    ['example', 'hub.example.net'],
    ['hub.example.net:8443', 'hub.example.net'],
    ['10.0.0.0/8', '11.1.2.3'],
    ['10.0.0.0/8', 'hub.example.net'],
    ['1.2.3', '10.1.2.3'],
    ['nonsense/99', '10.1.2.3'],
    ['10.0.0.0/99', '10.1.2.3'],
    [',', 'hub.example.net'],
  ])('NO_PROXY=%s does not except %s', (NO_PROXY, host) => {
    expect(rule({ HTTPS_PROXY, NO_PROXY })(host)).toBeDefined();
  });

  test('a variable that is no proxy is named, without its value', () => {
    const wrong = 'socks5://jane:S3cret-word@proxy:1080';
    expect(() => rule({ HTTPS_PROXY: wrong })).toThrow(InvalidOptionsError);
    expect(() => rule({ HTTPS_PROXY: wrong })).toThrow(/^Option HTTPS_PROXY \(environment variable\) /);
    expect(() => rule({ HTTPS_PROXY: wrong })).not.toThrow(/S3cret/);
    expect(rule({ HTTPS_PROXY: wrong, NO_PROXY: '*' })('hub.example.net')).toBeUndefined();
  });

  test('it counts for WebSockets only, and not at all when the option says otherwise', () => {
    const env = { HTTPS_PROXY };
    expect(proxyRule({}, env)('hub.example.net')).toBeUndefined();
    expect(
      proxyRule({ transport: 'mqtt' }, { HTTPS_PROXY: 'socks5://x' })('hub.example.net'),
    ).toBeUndefined();
    expect(proxyRule({ transport: 'mqtt-ws', proxy: false }, env)('hub.example.net')).toBeUndefined();
    const given = proxyRule({ transport: 'mqtt-ws', proxy: 'http://mine:1' }, { ...env, NO_PROXY: '*' });
    expect([given('hub.example.net')?.name, given('localhost')?.name]).toEqual(['mine:1', 'mine:1']);
  });
});

describe('the option', () => {
  const valid = {
    enrollment: 'hub-individual',
    idScope: '0ne00ABCDEF',
    certFile: 'does-not-exist.crt',
    keyFile: 'does-not-exist.key',
  } as const satisfies ConnectOptions;

  test.each<[string, object]>([
    ['no URL', { proxy: 'not a proxy', transport: 'mqtt-ws' }],
    ['another kind of proxy', { proxy: 'socks5://jane:S3cret-word@proxy:1080', transport: 'mqtt-ws' }],
    ['true', { proxy: true, transport: 'mqtt-ws' }],
    ['a proxy for MQTT over TCP', { proxy: 'http://jane:S3cret-word@proxy:8080', transport: 'mqtt' }],
    ['a proxy for the default transport', { proxy: 'http://jane:S3cret-word@proxy:8080' }],
  ])('refuses %s, without repeating it', async (_what, change) => {
    const error: unknown = await connectDevice({ ...valid, ...change }).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(InvalidOptionsError);
    expect((error as InvalidOptionsError).problems.map(({ option }) => option)).toEqual(['proxy']);
    expect(inspect(error)).not.toContain('S3cret');
  });

  test.each<object>([
    { proxy: false },
    { proxy: false, transport: 'mqtt' },
    { proxy: false, transport: 'mqtt-ws' },
    { proxy: undefined },
    { proxy: 'http://proxy:8080', transport: 'mqtt-ws' },
  ])('takes %j', async (change) => {
    await expect(connectDevice({ ...valid, ...change })).rejects.toMatchObject({
      code: 'CREDENTIALS_INVALID',
    });
  });
});
