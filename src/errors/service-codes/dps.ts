import type { EnrollmentKind } from 'azure-iot-certificates';
import {
  attestsAuthority,
  deviceOf,
  enrollmentOf,
  isCentral,
  type ServiceCodeEntry,
  type Words,
} from './entry';

/*
 * Microsoft publishes no list of these codes, only what an HTTP status means in general ("Troubleshooting with Azure
 * IoT Hub Device Provisioning Service"). The six-digit codes come from client code and from published logs.
 */

const LINKED_HUBS = 'Azure portal > your Device Provisioning Service > Linked IoT hubs';
const LATER = 'Try again later, at random times if there are many devices.';
const SUPPORT = 'If it goes on, open a support request with the tracking ID.';

const relink: Words = (kind) =>
  isCentral(kind)
    ? 'Open a support request with the tracking ID: IoT Central manages its hubs itself.'
    : `Remove the hub and link it again, so that its current keys are used: ${LINKED_HUBS}.`;

const enroll: Words = (kind) => `Create the ${enrollmentOf(kind)}, or correct the ID scope.`;

/** An ID scope that exists and is not the one of the enrollment: each service knows only its own enrollments. */
const otherScope = (kind: EnrollmentKind): string =>
  isCentral(kind)
    ? 'Compare the ID scope (IoT Central > Permissions > Device connection groups): that of another service exists too, but does not know the devices of IoT Central.'
    : 'Compare the ID scope (portal > your Device Provisioning Service > Overview): that of IoT Central or of another service exists too, but does not know this enrollment.';

/** The answers of DPS to a registration. Of entries with one code, those with a text stand first. */
export const DPS_CODES: readonly ServiceCodeEntry[] = [
  {
    service: 'dps',
    code: undefined,
    name: 'IotHubUnauthorizedAccess',
    text: /IotHubUnauthorizedAccess/i,
    seen: 'answer',
    evidence: 'observed',
    meaning: 'The Device Provisioning Service may not write to the linked IoT hub: its keys were renewed.',
    remedy: relink,
    isTransient: false,
  },
  {
    service: 'dps',
    code: undefined,
    name: 'DEVICE_BLOCKED',
    text: /DEVICE_BLOCKED/i,
    seen: 'answer',
    evidence: 'documented',
    meaning: 'The device is blocked in IoT Central.',
    remedy: (kind) =>
      isCentral(kind)
        ? 'Unblock it: IoT Central > Devices > the device > Manage device > Unblock.'
        : 'The ID scope belongs to IoT Central: set option enrollment to a kind of IoT Central, and unblock the device there.',
    isTransient: false,
  },
  {
    service: 'dps',
    code: 400004,
    name: 'Argument invalid',
    seen: 'answer',
    evidence: 'observed',
    meaning: 'A value in the request or in the enrollment is malformed.',
    remedy: (kind) =>
      `Look at what the service says, at the options payload and modelId, and at the ${enrollmentOf(kind)}.`,
    isTransient: false,
  },
  {
    service: 'dps',
    code: 400207,
    name: 'Custom allocation failed with status code: …',
    seen: 'answer',
    evidence: 'observed',
    meaning: (kind) =>
      isCentral(kind)
        ? 'IoT Central could not take the device: it is not approved, its ID is not one for IoT Central, or no device template fits.'
        : 'The function of the custom allocation policy failed, or named a hub that is not linked.',
    remedy: (kind) =>
      isCentral(kind)
        ? `Try again: a first registration may fail like this. Then check that the device is approved and assigned to a template (${deviceOf(kind)} > Manage device), and that its ID has letters, digits and "-" only.`
        : 'Read the log of the function (Azure portal > your Function App > Monitor); it must answer with one of the linked hubs.',
    isTransient: true,
  },
  {
    service: 'dps',
    code: 400208,
    name: 'No IoT hub',
    seen: 'answer',
    evidence: 'observed',
    meaning: 'No IoT hub is available for the enrollment.',
    remedy: (kind) =>
      isCentral(kind)
        ? 'Open a support request with the tracking ID: IoT Central manages its hubs itself.'
        : `Link a hub (${LINKED_HUBS}), and select it in the ${enrollmentOf(kind)}.`,
    isTransient: false,
  },
  {
    service: 'dps',
    code: 400209,
    name: 'Waiting for approval, or hub access denied',
    seen: 'answer',
    evidence: 'documented',
    meaning: (kind) =>
      isCentral(kind)
        ? 'The device is waiting for approval, or it is blocked.'
        : 'The Device Provisioning Service may not write to the linked IoT hub: its keys were renewed.',
    remedy: (kind) =>
      isCentral(kind)
        ? 'Approve or unblock the device: IoT Central > Devices > the device > Manage device.'
        : `Remove the hub and link it again, so that its current keys are used: ${LINKED_HUBS}.`,
    isTransient: false,
  },
  {
    service: 'dps',
    code: 401000,
    name: 'Unauthorized',
    seen: 'answer',
    evidence: 'observed',
    meaning: 'The service does not accept these credentials, or the enrollment is disabled.',
    remedy: (kind) =>
      isCentral(kind)
        ? `Check that the device is not blocked (${deviceOf(kind)}), compare the ID scope, and compare the certificate with the ${enrollmentOf(kind)}.`
        : `Check that the ${enrollmentOf(kind)} is enabled, and compare ID scope and certificate with it. A disabled individual enrollment with this registration ID also blocks a device of a group.`,
    isTransient: false,
  },
  {
    service: 'dps',
    code: 401001,
    name: 'IotHubNotFound',
    seen: 'answer',
    evidence: 'observed',
    meaning: 'The IoT hub that is linked to the Device Provisioning Service no longer exists.',
    remedy: (kind) =>
      isCentral(kind)
        ? 'Open a support request with the tracking ID: IoT Central manages its hubs itself.'
        : `Remove the linked hub and link one that exists: ${LINKED_HUBS}.`,
    isTransient: false,
  },
  {
    service: 'dps',
    code: 401002,
    name: 'CA certificate not found.',
    text: /CA certificate not found/i,
    seen: 'answer',
    evidence: 'observed',
    meaning: (kind) =>
      attestsAuthority(kind)
        ? 'In this ID scope, none of the certificates that were sent leads to a certificate authority that is verified and enrolled.'
        : 'In this ID scope, no individual enrollment has this registration ID, and no enrollment group has an authority above the certificate.',
    remedy: (kind, certFile) =>
      attestsAuthority(kind)
        ? `Send every intermediate below the enrolled authority too (azure-iot-x509 cert show ${certFile} lists what is sent). In the portal, upload that authority, make its status Verified, and choose it in the ${enrollmentOf(kind)}. ${otherScope(kind)}`
        : `Create the ${enrollmentOf(kind)} with this registration ID, and upload this very certificate there as the primary certificate. ${otherScope(kind)}`,
    isTransient: false,
  },
  {
    service: 'dps',
    code: 401002,
    name: 'Invalid certificate.',
    // Without a text, the code stands for this one: the official C SDK names it so.
    text: /^$|invalid certificate|invalid or expired credentials/i,
    seen: 'answer',
    evidence: 'observed',
    meaning: (kind) =>
      attestsAuthority(kind)
        ? 'The certificate has expired, is made for another registration ID, or an individual enrollment with this registration ID holds another one.'
        : 'The certificate is not the enrolled one, has expired, or is made for another registration ID.',
    remedy: (kind, certFile) =>
      attestsAuthority(kind)
        ? `Check dates and common name (azure-iot-x509 cert show ${certFile}); an individual enrollment with this registration ID goes before the group; the authority must be Verified and chosen in the ${enrollmentOf(kind)}. ${otherScope(kind)}`
        : `Compare dates and thumbprint (azure-iot-x509 cert show ${certFile}) with the ${enrollmentOf(kind)}, and upload this very certificate there as primary or secondary. ${otherScope(kind)}`,
    isTransient: false,
  },
  {
    service: 'dps',
    code: 401002,
    name: 'Another text',
    seen: 'answer',
    evidence: 'inferred',
    meaning:
      'The service does not accept these credentials in this ID scope; its text is none of those that are known for this code.',
    remedy: (kind, certFile) =>
      `Go by what the service says. Probable causes: ID scope, registration ID or certificate are not those of the ${enrollmentOf(kind)}; compare with azure-iot-x509 cert show ${certFile}. ${otherScope(kind)}`,
    isTransient: false,
  },
  {
    service: 'dps',
    code: 404201,
    name: 'Enrollment not found',
    seen: 'answer',
    evidence: 'observed',
    meaning: 'There is no enrollment for this registration ID.',
    remedy: (kind) =>
      `Create the ${enrollmentOf(kind)}, or correct the ID scope or the common name of the certificate.`,
    isTransient: false,
  },
  {
    service: 'dps',
    code: 404202,
    name: 'Not found',
    seen: 'answer',
    evidence: 'inferred',
    meaning: 'Something that the registration refers to does not exist; which thing is not documented.',
    remedy: enroll,
    isTransient: false,
  },
  {
    service: 'dps',
    code: 404204,
    name: 'Enrollment group not found',
    seen: 'answer',
    evidence: 'observed',
    meaning: 'There is no such enrollment group.',
    remedy: enroll,
    isTransient: false,
  },
  {
    service: 'dps',
    code: 409203,
    name: 'Precondition failed.',
    seen: 'answer',
    evidence: 'observed',
    meaning: 'Another registration of the same device was running at the same time.',
    remedy: 'Let only one process use this identity, and try again after a random delay.',
    isTransient: true,
  },
  {
    service: 'dps',
    code: 429001,
    name: 'Operations are being throttled for this tenant',
    seen: 'answer',
    evidence: 'observed',
    meaning: 'The Device Provisioning Service limits its requests at present.',
    remedy: `${LATER} One service takes 1000 registrations a minute.`,
    isTransient: true,
  },
  ...(
    [
      [
        400,
        'Bad request',
        'The service could not read the request.',
        'Check the options payload and modelId.',
      ],
      [
        401,
        'Unauthorized',
        'The service does not accept these credentials.',
        (kind) => `Compare ID scope and certificate with the ${enrollmentOf(kind)}, and register again.`,
      ],
      [
        403,
        'Forbidden',
        'The service does not allow this device to register.',
        (kind) =>
          `Check that the ${enrollmentOf(kind)} is enabled and the device is not blocked, and register again.`,
      ],
      [404, 'Not found', 'The service does not know the ID scope or the enrollment.', enroll],
      [
        405,
        'Method not allowed',
        'The service does not know this kind of request.',
        'Check that the endpoint is a Device Provisioning Service.',
      ],
      [
        409,
        'Conflict',
        'Another request changed the same registration at the same time.',
        'Let only one process use this identity, and try again after a random delay.',
      ],
      [
        412,
        'Precondition failed',
        'The registration was changed by another request in the meantime.',
        'Let only one process use this identity, and try again after a random delay.',
      ],
      [
        415,
        'Unsupported media type',
        'The service could not read the form of the request.',
        'Check that the endpoint is a Device Provisioning Service.',
      ],
      [429, 'Too many requests', 'The service limits its requests at present.', LATER],
      [500, 'Internal error', 'The service had an error of its own.', `${LATER} ${SUPPORT}`],
    ] satisfies [number, string, string, Words][]
  ).map(([code, name, meaning, remedy]): ServiceCodeEntry => ({
    service: 'dps',
    code,
    name,
    seen: 'answer',
    evidence: 'documented',
    meaning,
    remedy,
    isTransient: [409, 412, 429, 500].includes(code),
  })),
];
