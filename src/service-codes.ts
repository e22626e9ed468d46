import { ENROLLMENTS, type EnrollmentKind } from './enrollment';
import type { ServiceName } from './errors';

/** How sure it is that the service behaves so. */
type Evidence =
  /** Stated by Microsoft's documentation or API specification. */
  | 'documented'
  /** Seen in Microsoft's client code, or in logs that people published. */
  | 'observed'
  /** Concluded from the two. */
  | 'inferred';

/** What a code of a service means and what to do about it. */
export interface ServiceCodeEntry {
  service: ServiceName;
  code: number;
  evidence: Evidence;
  meaning: string;
  /** What to do; per enrollment kind where it differs. */
  remedy: (kind: EnrollmentKind) => string;
  /** Whether the same request may succeed later by itself. Default `false`. */
  isTransient?: boolean;
}

const authority = (kind: EnrollmentKind) => ENROLLMENTS[kind].attests === 'authority';
const central = (kind: EnrollmentKind) => ENROLLMENTS[kind].portal === 'IoT Central';

/**
 * The codes of the device-facing services. The same number means different things to DPS and to a hub, so the key is
 * always service and code together.
 */
const SERVICE_CODES: readonly ServiceCodeEntry[] = [
  {
    service: 'dps',
    code: 401000,
    evidence: 'observed',
    meaning: 'The service does not accept these credentials.',
    remedy: (kind) =>
      `Compare the ID scope with the one shown in the portal, and the certificate with the ${ENROLLMENTS[kind].holder}, which must be enabled (${ENROLLMENTS[kind].place}).`,
  },
  {
    service: 'dps',
    code: 401001,
    evidence: 'observed',
    meaning: 'The IoT hub that is linked to the Device Provisioning Service no longer exists.',
    remedy: () => 'Remove the linked hub in the Azure portal and link an existing one.',
  },
  {
    service: 'dps',
    code: 401002,
    evidence: 'observed',
    meaning: 'The service does not accept the certificate.',
    remedy: (kind) =>
      authority(kind)
        ? `Upload the certificate authority above the device certificate, prove possession of it so that its status is Verified, and choose it in the ${ENROLLMENTS[kind].holder} (${ENROLLMENTS[kind].place}). Give the device certificate together with every intermediate below that authority, leaf first.`
        : `Upload this very certificate as the primary or secondary certificate of the ${ENROLLMENTS[kind].holder} with this registration ID (${ENROLLMENTS[kind].place}), and check that it has not expired.`,
  },
  {
    service: 'dps',
    code: 404201,
    evidence: 'observed',
    meaning: 'There is no enrollment for this registration ID.',
    remedy: (kind) =>
      `Create the ${ENROLLMENTS[kind].holder} (${ENROLLMENTS[kind].place}), or correct the ID scope or the common name of the certificate.`,
  },
  {
    service: 'dps',
    code: 404204,
    evidence: 'observed',
    meaning: 'There is no such enrollment group.',
    remedy: (kind) => `Create it: ${ENROLLMENTS[kind].place}.`,
  },
  {
    service: 'dps',
    code: 400207,
    evidence: 'observed',
    meaning: 'The custom allocation of the enrollment failed or named a hub that is not linked.',
    remedy: (kind) =>
      central(kind)
        ? 'In IoT Central, check that the device is approved and assigned to a device template, then try again: the first registration of a device may fail this way.'
        : 'Look into the log of the function that the custom allocation policy calls.',
    isTransient: true,
  },
  {
    service: 'dps',
    code: 400208,
    evidence: 'observed',
    meaning: 'No IoT hub is available for the enrollment.',
    remedy: () => 'Link a hub to the Device Provisioning Service, and select it in the enrollment.',
  },
  {
    service: 'dps',
    code: 400209,
    evidence: 'documented',
    meaning: 'The device is waiting for approval or is blocked, or the service may not write to its hub.',
    remedy: (kind) =>
      central(kind)
        ? 'Approve or unblock the device: IoT Central > Devices > the device > Manage device.'
        : 'Link the hub again: Azure portal > your Device Provisioning Service > Linked IoT hubs.',
  },
  {
    service: 'dps',
    code: 409203,
    evidence: 'observed',
    meaning: 'Another registration of the same device was running at the same time.',
    remedy: () => 'Let only one process use this identity, and try again after a random delay.',
    isTransient: true,
  },
  {
    service: 'dps',
    code: 429001,
    evidence: 'observed',
    meaning: 'The Device Provisioning Service is throttling its requests.',
    remedy: () => 'Try again later, at random times if there are many devices.',
    isTransient: true,
  },
];

const index = new Map(SERVICE_CODES.map((entry) => [`${entry.service}:${entry.code}`, entry]));

/** What is known about a service's code. */
export function findServiceCode(service: ServiceName, code: number): ServiceCodeEntry | undefined {
  return index.get(`${service}:${code}`);
}
