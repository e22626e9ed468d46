import { isDeeperThan, isJsonObject, MAX_LEVELS, parseJson, type JsonValue } from '../../protocol/json';

/** The body of a registration. */
export interface RegisterRequest {
  readonly payload: JsonValue | undefined;
}

/**
 * Reads the body of a registration; returns the problem as text. DPS: the body may be empty, every property is
 * optional, and `null` counts as absent. Properties that the emulator does not know are ignored.
 */
export function readRegisterRequest(text: string, registrationId: string): RegisterRequest | string {
  const body = text.trim() === '' ? null : parseJson(text);
  if (body === null) return { payload: undefined };
  if (!isJsonObject(body)) return 'The body of the request is not a JSON object.';
  if (isDeeperThan(body, MAX_LEVELS)) return `The body of the request has more than ${MAX_LEVELS} levels.`;
  const { registrationId: given, payload } = body;
  // DPS: upper and lower case do not count in registration IDs.
  const isOwn = typeof given === 'string' && given.toLowerCase() === registrationId.toLowerCase();
  if (given !== undefined && given !== null && !isOwn) {
    return 'The registration ID in the body is not the one that the device has connected with.';
  }
  return { payload: payload ?? undefined };
}
