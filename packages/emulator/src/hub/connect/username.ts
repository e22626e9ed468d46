/** The username of a CONNECT packet to IoT Hub. */
export interface HubUsername {
  readonly hostName: string;
  /** The API version. `undefined` when it was left out, which means the oldest version. */
  readonly apiVersion: string | undefined;
  readonly modelId: string | undefined;
}

// Clients from before 2017 write the parameters after a slash without a question mark.
const PARAMETERS = /^(?:\/?|\/?\?(?<query>.*)|\/(?<legacy>api-version=.*))$/is;

/** The host name at the beginning of a username; `undefined` when nothing follows it. */
export function hostOf(username: string): string | undefined {
  const end = username.indexOf('/');
  return end > 0 ? username.slice(0, end) : undefined;
}

/** A parameter by its name, in which upper and lower case do not count. An empty value counts as absent. */
function parameter(query: URLSearchParams, name: string): string | undefined {
  const entry = [...query].find(([candidate]) => candidate.toLowerCase() === name);
  const value = entry?.[1];
  return value === '' ? undefined : value;
}

/** The text without its prefix; `undefined` when it has another prefix. */
function behind(text: string, beginning: string): string | undefined {
  return text.startsWith(beginning) ? text.slice(beginning.length) : undefined;
}

/**
 * Reads `{hostName}/{clientId}/?api-version=…&model-id=…&DeviceClientType=…`, of which clients leave out or encode
 * various parts. `undefined` for anything else, and for another ClientId.
 */
export function parseUsername(username: string, clientId: string): HubUsername | undefined {
  const hostName = hostOf(username);
  if (hostName === undefined || clientId === '') return undefined;
  const rest = username.slice(hostName.length + 1);
  const encoded = clientId.split('/').map(encodeURIComponent).join('/');
  const match = PARAMETERS.exec(behind(rest, clientId) ?? behind(rest, encoded) ?? 'none');
  if (match === null) return undefined;
  const query = new URLSearchParams(match.groups?.['query'] ?? match.groups?.['legacy'] ?? '');
  return { hostName, apiVersion: parameter(query, 'api-version'), modelId: parameter(query, 'model-id') };
}

/** Host names are compared without case. The port may be left out: not every client repeats it in the username. */
export function isSameHost(given: string | undefined, hostName: string): boolean {
  const host = hostName.toLowerCase();
  return given !== undefined && [host, host.split(':')[0]].includes(given.toLowerCase());
}
