import { deviceOf, enrollmentOf, isCentral, type ServiceCodeEntry, type Words } from './entry';

/*
 * "Understand and resolve Azure IoT Hub errors", and the names in Microsoft's client code. Devices do not see these
 * codes: over MQTT a hub only refuses CONNECT or closes the connection. The codes appear in Azure Monitor, in HTTP
 * answers and in twin operations. Codes of jobs and of protocols that this package does not use are left out. The
 * preview of certificate management gives 412001, 429002 and 429003 other meanings.
 */

const NOTHING = 'Nothing needs to be done: the device connects again by itself.';
const REPORT = 'If it goes on, open a support request with the tracking ID.';
const SLOWER = 'Send less often, or use a larger hub: Azure portal > your IoT hub > Pricing and scale.';
const ONE_PROCESS =
  'Let only one process use this identity; look for a second device with the same certificate.';
const BODY = 'Correct what the application sends; the message says what is wrong.';

const identity: Words = (kind) =>
  `Check that the device exists and is enabled (${deviceOf(kind)}); registering again brings it back.`;

type Row = readonly [
  code: number,
  name: string,
  meaning: string,
  remedy: Words,
  more?: Partial<Pick<ServiceCodeEntry, 'isTransient' | 'evidence' | 'text'>>,
];

const TRANSIENT = { isTransient: true } as const;
/** Named in Microsoft's client code only. */
const OBSERVED = { evidence: 'observed' } as const;

const ROWS: readonly Row[] = [
  [400000, 'GenericBadRequest', 'The hub could not process the request.', BODY],
  [400001, 'InvalidProtocolVersion', 'The request names an API version that the hub does not have.', 'Update azure-iot-device and this package.', OBSERVED],
  [400003, 'InvalidOperation', 'The request is not possible in the present state of the device.', BODY, OBSERVED],
  [400004, 'ArgumentInvalid', 'A value in the request is malformed, such as a reported property.', BODY],
  [400005, 'ArgumentNull', 'A value is missing in the request.', BODY, OBSERVED],
  [400006, 'IotHubFormatError', 'The body is not in the expected format, such as JSON.', BODY],
  [400010, 'InvalidSchemaVersion', 'The request has an unknown schema version.', 'Update azure-iot-device and this package.', OBSERVED],
  [400012, 'DeserializationError', 'The body could not be read.', BODY],
  [400027, 'ConnectionForcefullyClosedOnNewConnection', 'The same device connected a second time, so that the first connection was closed.', ONE_PROCESS, TRANSIENT],
  [400029, 'ConnectionForcefullyClosedOnFaultInjection', 'The connection was closed by a test of the service.', NOTHING, TRANSIENT],
  [400030, 'ConnectionRejectedOnFaultInjection', 'The connection was refused or closed for a test or an upgrade of the service.', NOTHING, TRANSIENT],
  [401000, 'GenericUnauthorized', 'The hub does not accept these credentials.', identity],
  [401001, 'IotHubNotFound', 'There is no hub of this name.', 'Register again: DPS knows the present hub. Check that the hub linked there exists.'],
  [401002, 'IotHubUnauthorizedAccess', 'The caller may not do this at the hub.', (kind) => isCentral(kind) ? 'Check that the device is not blocked: IoT Central > Devices > the device.' : 'Check the shared access policies and, for DPS, link the hub again: Azure portal > your Device Provisioning Service > Linked IoT hubs.'],
  [401003, 'IotHubUnauthorized: Thumbprint does not match configuration', 'The hub knows the device with another certificate.', (kind) => `Register again with the ${enrollmentOf(kind)}: only a registration brings a renewed certificate to the hub.`, { text: /thumbprint does not match/i }],
  [401003, 'IotHubUnauthorized', 'The device is not registered at this hub, its certificate has expired or is another one, or the clocks differ by more than five minutes.', (kind) => `Register again, check the clock of the device (date -u), and look at the device (${deviceOf(kind)}).`],
  [403000, 'GenericForbidden', 'The device may not do this.', identity],
  [403001, 'Suspended', 'The hub or its subscription is suspended.', 'Azure portal > Subscriptions: check that it is active and paid.'],
  [403002, 'IotHubQuotaExceeded', 'The messages of the day are used up.', 'Wait until 00:00 UTC, or add units: Azure portal > your IoT hub > Pricing and scale.', TRANSIENT],
  [403004, 'DeviceMaximumQueueDepthExceeded', '50 messages already wait for the device.', (kind) => `Let the device receive and acknowledge its messages, or empty the queue (${deviceOf(kind)}).`],
  [403006, 'DeviceMaximumActiveFileUploadLimitExceeded', 'The device has ten file uploads open.', 'Finish uploads by notifying the hub of them, before the next is begun.', TRANSIENT],
  [403012, 'DeviceDisabled', 'The device is disabled at the hub.', (kind) => isCentral(kind) ? 'Unblock it: IoT Central > Devices > the device > Manage device > Unblock.' : `Enable it: ${deviceOf(kind)} > Enable connection to IoT Hub.`],
  [404001, 'DeviceNotFound', 'The hub has no such device, or it is disabled.', identity],
  [404008, 'CertificateNotFound', 'There is no certificate authority of that name.', 'Azure portal > your IoT hub > Certificates: compare the name.'],
  [404010, 'ModuleNotFound', 'The hub has no such module of the device.', identity, OBSERVED],
  [404103, 'DeviceNotOnline', 'A direct method was called while the device was not connected, or had not subscribed to methods.', 'Call it again when the device is connected and has called onDeviceMethod.', TRANSIENT],
  [404104, 'DeviceConnectionClosedRemotely', 'The connection ended on the side of the device: keep-alive ran out, the network failed, or the process ended.', 'Look at the network and at the log of the device at that time. Single events are normal: the device connects again by itself.', TRANSIENT],
  [409001, 'DeviceAlreadyExists', 'A device of this ID exists already.', 'Use the existing device, or delete it first.'],
  [409002, 'LinkCreationConflict', 'The same device connected several times at once.', ONE_PROCESS, TRANSIENT],
  [412001, 'PreconditionFailed', 'The device or twin was changed by another request in the meantime.', 'Read it again, and repeat the change.', TRANSIENT],
  [412002, 'DeviceMessageLockLost', 'A message was acknowledged too late; it is delivered again.', 'Acknowledge within a minute, and expect to see a message twice.', TRANSIENT],
  [413001, 'MessageTooLarge', 'The message is larger than the hub takes (256 KB from a device, 64 KB to a device).', 'Send less in one message, or upload a file.'],
  [429000, 'GenericTooManyRequests', 'The hub limits requests at present.', SLOWER, TRANSIENT],
  [429001, 'ThrottlingException', 'The hub limits requests at present.', SLOWER, TRANSIENT],
  [429002, 'ThrottleBacklogLimitExceeded', 'Too many requests wait at the hub.', SLOWER, TRANSIENT],
  [429003, 'ThrottlingBacklogTimeout', 'A request waited too long at the hub.', SLOWER, TRANSIENT],
  [429005, 'DeviceThrottlingLimitExceeded', 'The hub limits the requests of this one device.', SLOWER, TRANSIENT],
  [499000, 'GenericClientClosedRequest', 'The caller gave up before the hub had answered.', 'Give the request more time.', TRANSIENT],
  [500001, 'ServerError', 'The hub had an error of its own.', `Try again later. ${REPORT}`, TRANSIENT],
  [500008, 'GenericTimeout', 'The hub did not finish in time.', `Try again later. ${REPORT}`, TRANSIENT],
  [502000, 'GenericBadGateway', 'A part of the service, or the device, gave an answer that cannot be used.', `Try again later. ${REPORT}`, TRANSIENT],
  [503001, 'ServiceUnavailable', 'The hub is not available at present.', `Try again later. ${REPORT}`, TRANSIENT],
  [503003, 'PartitionNotFound', 'A part of the hub is moving.', 'Try again later.', TRANSIENT],
  [503005, 'ServerBusy', 'The hub is busy.', 'Try again later.', TRANSIENT],
  [504101, 'GatewayTimeout', 'The device did not answer a direct method in time.', 'Answer sooner in the device, or call with a longer time-out.', { isTransient: true, evidence: 'observed' }],
]; // prettier-ignore

/** The states that a hub reports about a device in places other than the device's connection. */
export const HUB_CODES: readonly ServiceCodeEntry[] = [
  {
    service: 'hub',
    code: undefined,
    name: 'DISABLED',
    text: /\bDISABLED\b/,
    seen: 'log',
    evidence: 'documented',
    meaning:
      'The device is disabled at this hub, as IoT Central does with devices that it has moved to another one.',
    remedy: 'Register again: DPS knows the present hub.',
    isTransient: false,
  },
  ...ROWS.map(([code, name, meaning, remedy, more]): ServiceCodeEntry => ({
    service: 'hub',
    code,
    name,
    seen: 'log',
    evidence: 'documented',
    isTransient: false,
    meaning,
    remedy,
    ...more,
  })),
];
