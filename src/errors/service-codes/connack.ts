import { deviceOf, enrollmentOf, isCentral, type ServiceCodeEntry } from './entry';

/*
 * MQTT 3.1.1, section 3.2.2.3, names the return codes; the documentation of Azure hardly says when a service
 * sends which one. According to published reports, both services answer 5 to every identity that they refuse.
 */

const ENDPOINT = 'Check the endpoint: port 8883 for MQTT, port 443 with transport "mqtt-ws".';
const SAME_NAME = 'the registration ID is the common name (CN) of the certificate';

/** The answers to CONNECT. */
export const CONNACK_CODES: readonly ServiceCodeEntry[] = [
  {
    service: 'dps',
    code: 1,
    name: 'Unacceptable protocol version',
    seen: 'CONNACK',
    evidence: 'documented',
    meaning: 'The server does not speak MQTT 3.1.1, so it is hardly the Device Provisioning Service.',
    remedy: `${ENDPOINT} It is global.azure-devices-provisioning.net unless you were told otherwise.`,
    isTransient: false,
  },
  {
    service: 'dps',
    code: 2,
    name: 'Identifier rejected',
    seen: 'CONNACK',
    evidence: 'inferred',
    meaning: 'The service does not accept the registration ID as a name.',
    remedy: `Check that ${SAME_NAME}, of letters, digits and "-", ".", "_" or ":" only.`,
    isTransient: false,
  },
  {
    service: 'dps',
    code: 3,
    name: 'Server unavailable',
    seen: 'CONNACK',
    evidence: 'observed',
    meaning: 'The service is not available at present, or does not know the ID scope.',
    remedy: (kind) =>
      `Compare the ID scope with the one in the portal (${isCentral(kind) ? 'IoT Central > Permissions > Device connection groups' : 'Azure portal > your Device Provisioning Service > Overview'}). If it is right, try again later.`,
    isTransient: true,
  },
  {
    service: 'dps',
    code: 4,
    name: 'Bad user name or password',
    seen: 'CONNACK',
    evidence: 'inferred',
    meaning: 'The service did not understand who is connecting, or got no certificate.',
    remedy: `Check the ID scope, and that ${SAME_NAME}. A proxy that opens TLS takes the certificate away: connect past it.`,
    isTransient: false,
  },
  {
    service: 'dps',
    code: 5,
    name: 'Not authorized',
    seen: 'CONNACK',
    evidence: 'observed',
    meaning: 'The service does not let this registration ID in with this certificate.',
    remedy: `Check the ID scope, and that ${SAME_NAME}. A proxy that opens TLS takes the certificate away: connect past it.`,
    isTransient: false,
  },
  {
    service: 'hub',
    code: 1,
    name: 'Unacceptable protocol version',
    seen: 'CONNACK',
    evidence: 'documented',
    meaning: 'The server does not speak MQTT 3.1.1, so it is hardly an IoT hub.',
    remedy: `${ENDPOINT} The assigned hub comes from DPS: look at the hub linked there.`,
    isTransient: false,
  },
  {
    service: 'hub',
    code: 2,
    name: 'Identifier rejected',
    seen: 'CONNACK',
    evidence: 'inferred',
    meaning: 'The hub does not accept the device ID as a name.',
    remedy: (kind) =>
      `Compare the device ID with the one in the portal, letter by letter (${deviceOf(kind)}), and register again.`,
    isTransient: false,
  },
  {
    service: 'hub',
    code: 3,
    name: 'Server unavailable',
    seen: 'CONNACK',
    evidence: 'observed',
    meaning:
      'The hub is not available or limits new connections at present. Some clients take it as: the device is disabled.',
    remedy: (kind) =>
      `Wait, the connection is tried again. If it goes on, check that the device is enabled (${deviceOf(kind)}).`,
    isTransient: true,
  },
  {
    service: 'hub',
    code: 4,
    name: 'Bad user name or password',
    seen: 'CONNACK',
    evidence: 'inferred',
    meaning: 'The hub did not understand who is connecting, or got no certificate.',
    remedy: (kind) =>
      `Register again, and check that the device exists (${deviceOf(kind)}). A proxy that opens TLS takes the certificate away: connect past it.`,
    isTransient: false,
  },
  {
    service: 'hub',
    code: 5,
    name: 'Not authorized',
    seen: 'CONNACK',
    evidence: 'observed',
    meaning:
      'The device is disabled, deleted or moved to another hub, or the hub knows it with another certificate.',
    remedy: (kind) =>
      isCentral(kind)
        ? `Check that the device is neither blocked nor deleted (${deviceOf(kind)}), and register again: IoT Central may have moved it, and a renewed certificate reaches the hub only by a registration.`
        : `Check that the device exists and is enabled (${deviceOf(kind)}), and register again: a renewed certificate reaches the hub only by a registration with the ${enrollmentOf(kind)}.`,
    isTransient: false,
  },
];
