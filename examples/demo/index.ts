import { startEmulator } from 'azure-iot-emulator';
import { demo } from './demo';

/* npm run demo. The exit code is 0 when the services saw every step, and 1 when one failed. */

async function main(): Promise<void> {
  await using emulator = await startEmulator({ retryAfterSeconds: 1, pollsBeforeAssigned: 0 });
  const { isTTY } = process.stdout;
  const isGood = await demo(emulator, (line) => console.log(line), isTTY && !process.env['NO_COLOR']);
  if (!isGood) process.exitCode = 1;
}

void main();
