/** The width of the terms that the introduction explains, with their margins. */
export const TERM_WIDTH = '  IoT Central  '.length;

/** What a person has to know before the demo begins; the first line is the title. */
export const INTRODUCTION: readonly string[] = [
  'azure-iot-x509 demo: four devices connect to Azure IoT with X.509 certificates',
  '',
  'A device proves who it is with a certificate and its private key; the common name (CN) in the certificate is its registration ID. Somebody has to enroll the certificate first, that is, tell Azure to accept it. There are four ways to do that, so here are four devices.',
  'Azure itself is not needed: an emulator on this computer plays its services, and nothing leaves the computer.',
  '  DPS          the Device Provisioning Service checks the certificate and tells the device which hub it belongs to',
  '  IoT Hub      keeps in touch with the device: messages, method calls and settings in both directions',
  "  IoT Central  Microsoft's ready-made application, with a DPS and a hub of its own",
  'Where Azure would show a host name such as contoso.azure-devices.net, you will see localhost and a port.',
  '✔ means that the service itself has seen it, not just that the device says so.',
];
