import type { Style } from '../output/style';
import type { Status } from './control/operations';

interface GuideOptions {
  /** ` --state DIR` when it is not the default. */
  readonly stateFlag: string;
  /** Where the root of the servers is written. */
  readonly caFile: string;
}

/** Where the emulator is, and ready-made lines for clients of several kinds. */
export function guide(
  status: Status,
  { stateFlag, caFile }: GuideOptions,
  { bold, dim }: Style,
): readonly string[] {
  const { globalEndpoint, idScope, hubs, central } = status;
  const [host = '', port = '8883'] = globalEndpoint.split(':');
  return [
    bold('Devices find the emulator here:'),
    `  global endpoint   ${globalEndpoint}`,
    `  ID scope          ${idScope}  (DPS)`,
    ...central.map((application) => `  ID scope          ${application.idScope}  (IoT Central)`),
    `  CA file           ${caFile}`,
    ...hubs.map(({ name, hostName }) => `  hub ${name.padEnd(13)} ${hostName}`),
    '',
    bold('Enroll a device and connect it:'),
    '  azure-iot-x509 cert device --cn pump-1 --subject O=Contoso',
    `  azure-iot-x509 emulator enroll certificates/pump-1.crt${stateFlag}`,
    `  azure-iot-x509 connect --enrollment hub-individual --cert certificates/pump-1.crt --key certificates/pump-1.key --id-scope ${idScope} --endpoint ${globalEndpoint} --ca ${caFile}`,
    `  azure-iot-x509 emulator watch${stateFlag}`,
    '',
    bold('For the library, its examples, and the official Node.js sample (register_x509.js):'),
    `  export PROVISIONING_HOST=${globalEndpoint} PROVISIONING_IDSCOPE=${idScope} CA_FILE=${caFile} NODE_EXTRA_CA_CERTS=${caFile}`,
    '',
    bold('For the official Python SDK (azure-iot-device):'),
    `  ProvisioningDeviceClient.create_from_x509_certificate(provisioning_host="${host}", registration_id="pump-1", id_scope="${idScope}", x509=X509("certificates/pump-1.crt", "certificates/pump-1.key"), server_verification_cert=open("${caFile}").read())`,
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
