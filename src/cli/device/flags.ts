import { ENROLLMENT_KINDS } from 'azure-iot-certificates/internal';
import { choice, duration, json, path, repeatable, text, withVariable } from '../flags';

/** The flags of all commands that act as a device: its identity, its enrollment and its connection. */
export const deviceFlags = {
  profile: withVariable(
    path(
      'file',
      'Settings made by "profile init". Flags count before the profile, the profile before variables.',
    ),
    'AZURE_IOT_X509_PROFILE',
  ),
  enrollment: withVariable(
    choice('kind', ENROLLMENT_KINDS, 'How the device was enrolled.'),
    'ENROLLMENT_KIND',
  ),
  idScope: withVariable(
    text(
      'scope',
      'ID scope of the Device Provisioning Service or IoT Central application, e.g. 0ne00ABCDEF.',
    ),
    'PROVISIONING_IDSCOPE',
  ),
  endpoint: withVariable(
    text(
      'host',
      'Global endpoint of DPS; without it global.azure-devices-provisioning.net. A port may follow (localhost:8883).',
    ),
    'PROVISIONING_HOST',
  ),
  cert: withVariable(
    path('file', 'Device certificate (PEM, DER or PKCS#12); intermediates may follow in the same file.'),
    'CERTIFICATE_FILE',
  ),
  key: withVariable(path('file', 'Private key of the certificate.'), 'KEY_FILE'),
  chain: withVariable(
    path('file', 'Intermediate certificates, when they are in a file of their own.'),
    'CHAIN_FILE',
  ),
  pkcs12: path('file', 'PKCS#12 file (.pfx, .p12), instead of --cert and --key.'),
  passphraseEnv: text(
    'name',
    'Name of the environment variable with the passphrase of the key; without it KEY_PASSPHRASE, and then a prompt.',
  ),
  passphraseFile: path('file', 'File with the passphrase of the key.'),
  registrationId: withVariable(
    text('id', "Registration ID; without it the certificate's common name (CN), which it must equal."),
    'PROVISIONING_REGISTRATION_ID',
  ),
  modelId: withVariable(
    text('dtmi', 'Digital twin model ID, e.g. dtmi:com:example:Thermostat;1.'),
    'MODEL_ID',
  ),
  payload: json('JSON object for a custom allocation policy, or @FILE.'),
  ca: withVariable(
    path('file', "PEM certificates to trust besides the system's, e.g. those of the emulator."),
    'CA_FILE',
  ),
  transport: withVariable(
    choice(
      'kind',
      ['mqtt', 'mqtt-ws'],
      'MQTT (port 8883), or MQTT over WebSockets (port 443); without it mqtt.',
    ),
    'TRANSPORT',
  ),
  timeout: duration('How long registering and connecting may take together; without it 2m.', 1),
  assignmentFile: withVariable(
    path('file', 'File that remembers the assigned hub, so that the next start goes straight there.'),
    'ASSIGNMENT_FILE',
  ),
  skipCheck: repeatable(text('rule', 'Name of a check of the credentials that is not to be applied.')),
};

/** The flag of the commands that connect. The proxy belongs to the network of a place and not to a device. */
export const proxyFlag = {
  proxy: text(
    'url',
    'HTTP proxy for --transport mqtt-ws, e.g. http://proxy.example.com:8080, or "none"; without it HTTPS_PROXY and NO_PROXY. Give user and password in HTTPS_PROXY: other users of this machine can read flags.',
  ),
};

/** The library's option that the flag sets. */
export function proxyOption({ proxy }: { readonly proxy: string | undefined }): { proxy?: string | false } {
  if (proxy === undefined) return {};
  return { proxy: proxy === 'none' ? false : proxy };
}
