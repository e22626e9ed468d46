import type { CommandUnknownOpts } from '@commander-js/extra-typings';
import { readCertificate } from '../arguments/certificate';
import { path } from '../arguments/parsers';
import { connectLine, credentialFlags } from '../next-steps/device-line';
import { centralRow } from './central-devices';
import type { Context } from './context';
import { statusOf } from './status';

/** The command `central device`. */
export function centralDevice(parent: CommandUnknownOpts, context: Context): void {
  const { io, output } = context;
  parent
    .command('device')
    .description('Makes a device, or gives one that is there certificates of its own.')
    .argument('<DEVICE>', "Device ID; must be the certificate's common name.")
    .option('--cert <FILE>', 'Certificate of the device, for an individual enrollment.', path(io.cwd))
    .option('--secondary <FILE>', 'Secondary certificate. Default: the same.', path(io.cwd))
    .action(
      context.inEmulator(async ({ emulator }, deviceId, { cert, secondary = cert }) => {
        const { devices } = emulator.central;
        const primaryCertificate = cert && (await readCertificate(cert, '--cert'));
        const secondaryCertificate = secondary && (await readCertificate(secondary, '--secondary'));
        let device = devices.get(deviceId) ?? devices.create({ deviceId });
        const lines: string[] = [];
        if (cert !== undefined && primaryCertificate !== undefined && secondaryCertificate !== undefined) {
          device = devices.attest(deviceId, { primaryCertificate, secondaryCertificate });
          const credentials = await credentialFlags(cert);
          lines.push(
            'Connect it:',
            connectLine('central-individual', statusOf(emulator), context.place, credentials),
          );
        }
        output.result(centralRow(device), () => [
          `IoT Central device ${deviceId}: ${device.status}.`,
          ...lines,
        ]);
      }),
    );
}
