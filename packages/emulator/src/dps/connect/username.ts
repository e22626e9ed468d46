import { decodePath } from '../../devices/https/exchange';

/** The username of a CONNECT packet to DPS. */
export interface DpsUsername {
  readonly idScope: string;
  readonly registrationId: string;
  readonly apiVersion: string;
}

const USERNAME = /^(?<idScope>[^/]+)\/registrations\/(?<registrationId>[^/]+)\/(?<parameters>.+)$/i;

/**
 * DPS: `{idScope}/registrations/{registrationId}/api-version={version}&ClientVersion=…`. Azure does not
 * document whether the case of names counts; clients write ClientVersion and clientVersion. Unknown parameters are
 * ignored. The order does not matter.
 */
export function parseUsername(username: string): DpsUsername | undefined {
  const { idScope, registrationId: id = '', parameters } = USERNAME.exec(username)?.groups ?? {};
  const registrationId = decodePath(id);
  if (idScope === undefined || registrationId === undefined || parameters === undefined) return undefined;
  for (const parameter of parameters.split('&')) {
    const [name = '', value = ''] = parameter.split('=', 2);
    if (name.toLowerCase() === 'api-version' && value !== '')
      return { idScope, registrationId, apiVersion: value };
  }
  return undefined;
}
