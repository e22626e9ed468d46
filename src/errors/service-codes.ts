import type { ServiceName } from 'azure-iot-certificates';
import { CONNACK_CODES } from './service-codes/connack';
import { DPS_CODES } from './service-codes/dps';
import type { ServiceCodeEntry } from './service-codes/entry';
import { HUB_CODES } from './service-codes/hub';

export { wordsFor, type ServiceCodeEntry } from './service-codes/entry';

/**
 * The codes of the device-facing services. The same number stands for different things at DPS and at a hub, so the key
 * is always service and code, and the service's text where one code stands for several things.
 */
export const SERVICE_CODES: readonly ServiceCodeEntry[] = [...CONNACK_CODES, ...DPS_CODES, ...HUB_CODES];

/**
 * The entry for an answer of a service. An entry that the text matches goes before one that only the code matches.
 *
 * @param code a CONNACK return code, an HTTP status or a service code
 */
export function findServiceCode(
  service: ServiceName,
  code: number | undefined,
  text = '',
): ServiceCodeEntry | undefined {
  const candidates = SERVICE_CODES.filter((entry) => entry.service === service);
  return (
    candidates.find((entry) => entry.code === undefined && entry.text?.test(text) === true) ??
    candidates.find((entry) => entry.code === code && entry.text?.test(text) === true) ??
    (code === undefined ? undefined : candidates.find((entry) => entry.code === code && !entry.text))
  );
}
