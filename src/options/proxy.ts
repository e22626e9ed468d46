import { BlockList, isIP } from 'node:net';
import { InvalidOptionsError } from 'azure-iot-certificates/internal';

const DEFAULT_PORTS = { 'http:': 80, 'https:': 443 } as const;
/** The port of everything that goes through a proxy: MQTT over WebSockets, and uploads of files. */
const TARGET_PORT = 443;

/** An HTTP proxy that makes connections by CONNECT (RFC 9110, section 9.3.6). */
export class HttpProxy {
  /** Host name or IP address, the latter without brackets. */
  readonly host: string;
  readonly port: number;
  /** True if the connection to the proxy itself is made over TLS. */
  readonly isSecure: boolean;
  /** A secret. A private field is not printed. */
  readonly #authorization: string | undefined;

  private constructor(url: URL) {
    const { hostname, port, protocol, username, password } = url;
    this.host = hostname.replace(/^\[(.*)\]$/, '$1');
    this.isSecure = protocol === 'https:';
    this.port = port === '' ? DEFAULT_PORTS[this.isSecure ? 'https:' : 'http:'] : Number(port);
    const user = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
    this.#authorization = user === ':' ? undefined : `Basic ${Buffer.from(user).toString('base64')}`;
  }

  /**
   * Reads `http://[user:password@]host[:port]` (or `https://…`); the scheme may be left out. `undefined` for anything
   * else.
   */
  static parse(text: string): HttpProxy | undefined {
    try {
      const url = new URL(text.includes('://') ? text.trim() : `http://${text.trim()}`);
      const isProxy =
        Object.hasOwn(DEFAULT_PORTS, url.protocol) &&
        /^\/?$/.test(url.pathname) &&
        url.search + url.hash === '';
      return isProxy ? new HttpProxy(url) : undefined;
    } catch {
      return undefined;
    }
  }

  /** Host and port, for messages. */
  get name(): string {
    return `${isIP(this.host) === 6 ? `[${this.host}]` : this.host}:${this.port}`;
  }

  /** True if the URL of the proxy has a user and password. */
  get hasCredentials(): boolean {
    return this.#authorization !== undefined;
  }

  /** The header with user and password (RFC 7617). A secret. */
  get headers(): Readonly<Record<string, string>> {
    return this.#authorization === undefined ? {} : { 'Proxy-Authorization': this.#authorization };
  }
}

/** The proxy through which a host is reached, if any. */
export type ProxyRule = (host: string) => HttpProxy | undefined;

type Environment = Readonly<Record<string, string | undefined>>;

/** The variables that name a proxy for TLS connections; the first that is set counts, as with curl. */
export const PROXY_VARIABLES = ['https_proxy', 'HTTPS_PROXY'] as const;
/** The variables that name the hosts that are reached without a proxy. */
export const NO_PROXY_VARIABLES = ['no_proxy', 'NO_PROXY'] as const;

/**
 * The proxy that the options or the environment name. MQTT over TCP never goes through one.
 *
 * @throws {@link InvalidOptionsError} when a variable of the environment is not the URL of an HTTP proxy
 */
export function proxyRule(
  { transport, proxy }: { transport?: string; proxy?: string | false },
  env: Environment = process.env,
): ProxyRule {
  if (transport !== 'mqtt-ws' || proxy === false) return () => undefined;
  if (proxy !== undefined) {
    const given = HttpProxy.parse(proxy);
    return () => given;
  }
  const variable = firstSet(env, PROXY_VARIABLES);
  const exceptions = env[firstSet(env, NO_PROXY_VARIABLES) ?? ''] ?? '';
  if (variable === undefined || exceptions.trim() === '*') return () => undefined;
  const fromEnvironment = HttpProxy.parse(env[variable] ?? '');
  if (fromEnvironment === undefined) {
    throw new InvalidOptionsError([
      {
        option: variable,
        message: '(environment variable) is not the URL of an HTTP proxy.',
        remedy: `Set it to http://host:port, or use no proxy with option proxy: false.`,
      },
    ]);
  }
  return (host) => (isExcepted(host, exceptions) ? undefined : fromEnvironment);
}

/** The first of the variables that is set and not empty. */
export function firstSet(env: Environment, names: readonly string[]): string | undefined {
  return names.find((name) => (env[name] ?? '').trim() !== '');
}

/**
 * Tells whether `NO_PROXY` names the host: by its name, by a domain above it (`example.com`, `.example.com`,
 * `*.example.com`), by its address or a network of addresses (`10.0.0.0/8`), each with or without a port. This machine
 * needs no entry, because a proxy does not reach it.
 */
function isExcepted(target: string, exceptions: string): boolean {
  const { host, port = String(TARGET_PORT) } = split(target);
  if (host === 'localhost' || isInNetwork(host, '127.0.0.0/8') || host === '::1') return true;
  return exceptions
    .split(/[\s,]+/)
    .filter((exception) => exception !== '')
    .some((exception) => {
      if (exception.includes('/')) return isInNetwork(host, exception);
      const named = split(exception);
      if (named.port !== undefined && named.port !== port) return false;
      const domain = named.host.replace(/^\*?\./, '');
      return host === domain || named.host === '*' || (isIP(host) === 0 && host.endsWith(`.${domain}`));
    });
}

/** Host, in lower case and without brackets, and port of `host`, `host:port`, `[::1]:port` or `::1`. */
function split(target: string): { host: string; port: string | undefined } {
  const [, bracketed, name, port] = /^(?:\[([^\]]*)\]|([^:]*))(?::(\d+))?$/.exec(target) ?? [];
  // A complete name may end with a dot.
  return { host: (bracketed ?? name ?? target).toLowerCase().replace(/\.$/, ''), port };
}

function isInNetwork(host: string, network: string): boolean {
  const family = isIP(host);
  const [address = '', bits] = network.split('/');
  const length = Number(bits);
  if (family === 0 || isIP(address) !== family || !(length >= 0 && length <= (family === 6 ? 128 : 32)))
    return false;
  const list = new BlockList();
  const type = family === 6 ? 'ipv6' : 'ipv4';
  list.addSubnet(address, length, type);
  return list.check(host, type);
}
