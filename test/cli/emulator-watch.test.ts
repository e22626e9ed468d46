import { run } from '../../src/cli/run';
import { lineToCopy, useCommandLines } from './support/emulator-lines';

const { io, must, start } = useCommandLines();

/** The time of day that a line begins with. */
const TIME = String.raw`\d\d:\d\d:\d\d {2}`;

it('shows what arrives as it is, each line with the time as "connect" shows it', async () => {
  const emulator = await start();
  await must('cert device --cn pump-1 --subject O=Contoso');
  const enrolled = await must('emulator enroll certificates/pump-1.crt');
  const watching = io();
  const watched = run(['emulator', 'watch'], watching);
  await watching.until(({ err }) => err.includes('Watching all devices'));
  const connect = lineToCopy(enrolled.out, 'connect');
  const device = io();
  device.type('all is well\n{"temperature":21.5}\nsay "hi"\n');
  device.endInput();
  expect(await run([...connect, '--stdin', '--property', 'level=low'], device)).toBe(0);
  await must(connect[0] ?? '', ...connect.slice(1), '--once', '--report', '{"firmware":"1.2"}');
  await watching.until(({ out }) => (out.match(/ disconnected /g) ?? []).length === 2);
  watching.interrupt();
  expect(await watched).toBe(0);

  const lines = watching.out.trimEnd().split('\n');
  for (const line of lines)
    expect(line).toMatch(new RegExp(`^${TIME}pump-1 (connected|disconnected|telemetry|reported) `));
  const shown = lines.map((line) => line.replace(new RegExp(`^${TIME}`), ''));
  expect(shown).toEqual(
    expect.arrayContaining([
      'pump-1 connected to hub-1',
      'pump-1 telemetry all is well  level=low',
      'pump-1 telemetry {"temperature":21.5}  level=low',
      'pump-1 telemetry say "hi"  level=low',
      'pump-1 reported {"firmware":"1.2"}',
      'pump-1 disconnected client-disconnected',
    ]),
  );
  await emulator.stop();
});
