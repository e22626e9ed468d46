import { styleText } from 'node:util';
import type { EnrollmentKind } from 'azure-iot-certificates';
import type { Emulator } from 'azure-iot-emulator';
import { runDevice } from './device';
import { KINDS } from './kinds';

const INTRODUCTION = `
A device proves who it is with a certificate and its private key; the common name (CN) in the certificate is its
registration ID. Somebody has to enroll the certificate first, that is, tell Azure to accept it. There are four ways to
do that, so here are four devices. Azure itself is not needed: an emulator on this computer plays its services.

  DPS          the Device Provisioning Service checks the certificate and tells the device which hub it belongs to
  IoT Hub      keeps in touch with the device: messages, method calls and settings in both directions
  IoT Central  Microsoft's ready-made application, with a DPS and a hub of its own

✔ means that the service itself has seen it, not just that the device says so.`;

const NEXT = `
Next, see what else there is: azure-iot-x509 --help (in a clone of the repository: npm run build, then
node dist/cli/main.js --help); or, in a clone, run a device program: npm run example -- hub-individual --emulator.
To connect one to Azure, see "Connecting to a real Azure subscription" in README.md.`;

/**
 * Shows the four kinds of enrollment against an emulator. A step that fails ends its kind; the others still run.
 *
 * @param print prints a line
 * @param isColored whether lines may have colors
 * @returns whether the services saw every step
 */
export async function demo(
  emulator: Emulator,
  print: (line: string) => void,
  isColored = false,
): Promise<boolean> {
  const style = (format: 'bold' | 'green' | 'red', text: string) =>
    isColored ? styleText(format, text, { validateStream: false }) : text;
  const failed: string[] = [];
  let observed = 0;
  print(style('bold', 'Four devices connect to Azure IoT with X.509 certificates'));
  print(INTRODUCTION);
  for (const [index, enrollment] of (Object.keys(KINDS) as EnrollmentKind[]).entries()) {
    print(`\n${style('bold', `${index + 1}. ${enrollment}`)}`);
    print(`   ${KINDS[enrollment].about}`);
    try {
      await runDevice(enrollment, emulator, async (name, run) => {
        try {
          const seen = await run();
          observed += 1;
          print(`  ${style('green', '✔')} ${name.padEnd(15)}  ${seen}`);
        } catch (error) {
          print(`  ${style('red', '✖')} ${name.padEnd(15)}  ${(error as Error).message}`);
          const { remedy } = error as { remedy?: string };
          if (remedy !== undefined) print(`                     What to do: ${remedy}`);
          throw error;
        }
      });
    } catch {
      // The step has shown why.
      failed.push(enrollment);
    }
  }
  if (failed.length === 0) print(`\nThe services observed all ${observed} steps.${NEXT}`);
  else print(`\nThe services did not observe all steps of ${failed.join(', ')}; see above.`);
  return failed.length === 0;
}
