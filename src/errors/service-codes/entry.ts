import { ENROLLMENTS, shellWord } from 'azure-iot-certificates/internal';
import type { EnrollmentKind, ServiceName } from 'azure-iot-certificates';

/** The evidence for an entry. */
type Evidence =
  /** Stated by Microsoft's documentation or API specification, or by the MQTT standard. */
  | 'documented'
  /** Seen in Microsoft's client code, or in logs that people published. */
  | 'observed'
  /** Concluded from the two. */
  | 'inferred';

/** The place in which a code appears. */
type Appearance =
  /** The service's answer to the MQTT CONNECT packet. */
  | 'CONNACK'
  /** The service's answer to a registration. */
  | 'answer'
  /**
   * Azure Monitor, the metrics and HTTP answers of the hub, twin operations: not a reason of MQTT connections to fail.
   */
  | 'log';

/** One text for all devices, or one that depends on the kind of enrollment and on the file with the certificate. */
export type Words = string | ((kind: EnrollmentKind, certFile: string) => string);

/** The file with the certificate in texts for devices in general. */
const ANY_FILE = 'FILE';

/** The meaning of a code of a service, and its remedy. */
export interface ServiceCodeEntry {
  readonly service: ServiceName;
  /**
   * A CONNACK return code (1 to 5), an HTTP status (three digits) or a service code (six digits); none for an entry
   * that only its text identifies.
   */
  readonly code: number | undefined;
  /** The service's own name or text for it, for searching. */
  readonly name: string;
  /** The service's text for this meaning, where one code has several meanings. */
  readonly text?: RegExp;
  readonly seen: Appearance;
  readonly evidence: Evidence;
  readonly meaning: Words;
  /** The remedy, with the way through the portal. */
  readonly remedy: Words;
  /** True if the same request may succeed later. */
  readonly isTransient: boolean;
}

/** The text for one enrollment kind, with the file of the certificate in its commands. */
export function wordsFor(words: Words, kind: EnrollmentKind, certFile?: string): string {
  if (typeof words === 'string') return words;
  return words(kind, certFile === undefined ? ANY_FILE : shellWord(certFile));
}

export const attestsAuthority = (kind: EnrollmentKind): boolean => ENROLLMENTS[kind].attests === 'authority';
export const isCentral = (kind: EnrollmentKind): boolean => ENROLLMENTS[kind].portal === 'IoT Central';

/** The enrollment and the way to it, e.g. `individual enrollment (Azure portal > …)`. */
export function enrollmentOf(kind: EnrollmentKind): string {
  return `${ENROLLMENTS[kind].holder} (${ENROLLMENTS[kind].place})`;
}

/** The page that shows the device: in IoT Central, which hides its hubs, or in the Azure portal. */
export function deviceOf(kind: EnrollmentKind): string {
  return isCentral(kind)
    ? 'IoT Central > Devices > the device'
    : 'Azure portal > your IoT hub > Devices > the device';
}
