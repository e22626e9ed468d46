import type { Explanation } from './errors';
import { explainSocketError, mostTelling } from './socket-error';
import { oneLine } from './text';
import type { ProxyFailure } from './wire-error';

/** The remedy for a proxy that cannot be used: the settings that name it. */
export const PROXY_REMEDY =
  'Check the address of the proxy (option proxy, or the environment variable HTTPS_PROXY), and that it lets connections to port 443 of this host pass. A host that needs no proxy belongs into NO_PROXY.';

/** The failures of the connection to the proxy, by errno name. */
const ERRORS: Readonly<Record<string, string>> = {
  ENOTFOUND: 'its name has no address',
  EAI_AGAIN: 'the name server did not answer for it',
  ECONNREFUSED: 'nothing accepts connections there',
  ECONNRESET: 'it ended the connection',
  EPIPE: 'it ended the connection',
  ETIMEDOUT: 'it cannot be reached',
  EHOSTUNREACH: 'it cannot be reached',
  ENETUNREACH: 'it cannot be reached',
  ENETDOWN: 'it cannot be reached',
};

/** The answers of a proxy that have a remedy of their own, by HTTP status. */
const STATUSES: Readonly<Record<number, Pick<Explanation, 'message' | 'remedy'>>> = {
  407: {
    message: 'it requires a user and password',
    remedy:
      'Put user and password into the URL of the proxy: http://user:password@host:port, special characters percent-encoded. Only Basic authentication is supported.',
  },
  403: {
    message: 'it does not allow that',
    remedy: 'Ask whoever runs the proxy to let connections to port 443 of this host pass.',
  },
};

/** The explanation of a connection that the proxy did not make. */
export function explainProxyFailure({ proxy, reason }: ProxyFailure, host: string): Explanation {
  if ('status' in reason) {
    const { status } = reason;
    const known = STATUSES[status];
    return {
      code: 'PROXY_REFUSED',
      message: `The proxy ${proxy} did not connect to ${host}: HTTP status ${status}${known ? `, ${known.message}` : ''}.`,
      remedy: known?.remedy ?? PROXY_REMEDY,
      // The proxy could not reach the host, or is overloaded.
      isTransient: status === 429 || status >= 500,
    };
  }
  const { code = '' } = mostTelling(reason.error);
  const known = Object.hasOwn(ERRORS, code) ? ERRORS[code] : undefined;
  if (known === undefined) {
    const explained = explainSocketError(reason.error, `the proxy ${proxy}`);
    // A failure of this machine has nothing to do with the proxy.
    if (explained.code === 'LOCAL_FAILURE') return explained;
  }
  return {
    code: 'PROXY_UNREACHABLE',
    message: `The proxy ${proxy}, through which ${host} is reached, cannot be used: ${known ?? oneLine(reason.error)}.`,
    remedy: PROXY_REMEDY,
    isTransient: known !== undefined && code !== 'ENOTFOUND',
  };
}
