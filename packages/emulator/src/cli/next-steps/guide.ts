import type { Style } from '../terminal/output';
import { connectLine, deviceLine, type Status } from './device-line';
import { quoted, shellWord, type Place } from './place';

/** The files that `azure-iot-x509 cert device` makes in the lines below. */
const PUMP = ['--cert', 'certificates/pump-1.crt', '--key', 'certificates/pump-1.key'];

const VARIABLES = ['PROVISIONING_HOST', 'PROVISIONING_IDSCOPE', 'CA_FILE', 'NODE_EXTRA_CA_CERTS'] as const;

/** The environment variables by which device programs find the emulator. */
function variablesOf(
  { globalEndpoint }: Status,
  idScope: string,
  { caFile }: Place,
): Record<(typeof VARIABLES)[number], string> {
  return {
    PROVISIONING_HOST: globalEndpoint,
    PROVISIONING_IDSCOPE: idScope,
    CA_FILE: caFile,
    // For the official Node.js SDK.
    NODE_EXTRA_CA_CERTS: caFile,
  };
}

/** Lines of a POSIX shell that set the variables. */
export function exportLines(status: Status, idScope: string, place: Place): string {
  return Object.entries(variablesOf(status, idScope, place))
    .map(([name, value]) => `export ${name}=${quoted(value)}\n`)
    .join('');
}

/** Lines of a POSIX shell that remove the variables that {@link exportLines} sets. */
export function unsetLines(): string {
  return VARIABLES.map((name) => `unset ${name}\n`).join('');
}

/** The addresses of the emulator, and lines to copy for clients of several kinds. */
export function guide(status: Status, place: Place, { bold, dim }: Style): readonly string[] {
  const { caFile } = place;
  const { globalEndpoint, idScope, hubs, central } = status;
  const [host = '', port = '8883'] = globalEndpoint.split(':');
  const variables = Object.entries(variablesOf(status, idScope, place));
  return [
    bold('Devices find the emulator here:'),
    `  global endpoint   ${globalEndpoint}`,
    `  ID scope          ${idScope}  (DPS)`,
    ...central.map((application) => `  ID scope          ${application.idScope}  (IoT Central)`),
    `  CA file           ${caFile}`,
    ...hubs.map(({ name, hostName }) => `  hub ${name.padEnd(13)} ${hostName}`),
    '',
    bold('Enroll a device and connect it:'),
    deviceLine('cert', 'device', '--cn', 'pump-1', '--subject', 'O=Contoso'),
    `  ${place.command('enroll', 'certificates/pump-1.crt')}`,
    connectLine('hub-individual', status, place, PUMP),
    `  ${place.command('watch')}`,
    '',
    bold('For azure-iot-x509, its examples, and the official Node.js sample (register_x509.js):'),
    `  export ${variables.map(([name, value]) => `${name}=${shellWord(value)}`).join(' ')}`,
    '',
    bold('For the official Python SDK (azure-iot-device):'),
    `  ProvisioningDeviceClient.create_from_x509_certificate(provisioning_host="${host}", registration_id="pump-1", id_scope="${idScope}", x509=X509("certificates/pump-1.crt", "certificates/pump-1.key"), server_verification_cert=open(${JSON.stringify(caFile)}).read())`,
    bold('For the official C SDK (prov_dev_client_sample):'),
    `  Prov_Device_LL_Create("${host}", "${idScope}", Prov_Device_MQTT_Protocol); Prov_Device_LL_SetOption(handle, OPTION_TRUSTED_CERT, /* content of ${caFile} */);`,
    ...(port === '8883'
      ? []
      : [
          dim(
            '  SDKs that cannot be told a port connect to 8883: start the emulator with --shared-port 8883 for these.',
          ),
        ]),
  ];
}
