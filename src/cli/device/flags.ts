import { ENROLLMENT_KINDS } from 'azure-iot-certificates/internal';
import { flagTable } from '../flags/spec';

/** What a device is, how it was enrolled and how it connects: the same flags for all commands that play a device. */
export const deviceFlags = flagTable({
  profile: {
    type: 'file',
    env: 'AZURE_IOT_X509_PROFILE',
    description:
      'Settings made by "profile init". Flags count before the profile, the profile before variables.',
  },
  enrollment: {
    type: 'enum',
    values: ENROLLMENT_KINDS,
    valueName: 'KIND',
    env: 'ENROLLMENT_KIND',
    description: `How the device was enrolled: ${ENROLLMENT_KINDS.join(', ')}.`,
  },
  idScope: {
    type: 'string',
    valueName: 'SCOPE',
    env: 'PROVISIONING_IDSCOPE',
    description: 'ID scope of the Device Provisioning Service or IoT Central application, e.g. 0ne00ABCDEF.',
  },
  endpoint: {
    type: 'string',
    valueName: 'HOST',
    env: 'PROVISIONING_HOST',
    description:
      'Global endpoint of DPS; without it global.azure-devices-provisioning.net. A port may follow (localhost:8883).',
  },
  cert: {
    type: 'file',
    env: 'CERTIFICATE_FILE',
    description: 'Device certificate (PEM, DER or PKCS#12); intermediates may follow in the same file.',
  },
  key: { type: 'file', env: 'KEY_FILE', description: 'Private key of the certificate.' },
  chain: { type: 'file', description: 'Intermediate certificates, when they are in a file of their own.' },
  pkcs12: { type: 'file', description: 'PKCS#12 file (.pfx, .p12), instead of --cert and --key.' },
  passphraseEnv: {
    type: 'string',
    valueName: 'NAME',
    description:
      'Name of the environment variable with the passphrase of the key; without it KEY_PASSPHRASE, and then a prompt.',
  },
  passphraseFile: { type: 'file', description: 'File with the passphrase of the key.' },
  registrationId: {
    type: 'string',
    valueName: 'ID',
    env: 'PROVISIONING_REGISTRATION_ID',
    description: "Registration ID; without it the certificate's common name (CN), which it must equal.",
  },
  modelId: {
    type: 'string',
    valueName: 'DTMI',
    env: 'MODEL_ID',
    description: 'Digital twin model ID, e.g. dtmi:com:example:Thermostat;1.',
  },
  payload: { type: 'json', description: 'JSON object for a custom allocation policy, or @FILE.' },
  ca: {
    type: 'file',
    env: 'CA_FILE',
    description: "PEM certificates to trust besides the system's, e.g. those of the emulator.",
  },
  transport: {
    type: 'enum',
    values: ['mqtt', 'mqtt-ws'],
    description: 'MQTT (port 8883), or MQTT over WebSockets (port 443); without it mqtt.',
  },
  timeout: {
    type: 'duration',
    min: 1,
    max: 24 * 86_400_000,
    description: 'How long registering and connecting may take together; without it 2m.',
  },
  assignmentFile: {
    type: 'file',
    description: 'File that remembers the assigned hub, so that the next start goes straight there.',
  },
  skipCheck: {
    type: 'string',
    valueName: 'RULE',
    repeatable: true,
    description: 'Name of a check of the credentials that is not to be applied.',
  },
});
