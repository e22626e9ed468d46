import { lineToCopy, useCommandLines } from './support/command-lines';

const { io, mustRun, runLine, must, device, start } = useCommandLines();

/** The time of day that a line begins with. */
const TIME = String.raw`\d\d:\d\d:\d\d {2}`;

it('"azure-iot-emulator watch" shows each event on a line with its time, and messages as they are', async () => {
  const emulator = await start();
  await device('cert device --cn pump-1 --subject O=Contoso');
  const enrolled = await must('enroll certificates/pump-1.crt');
  const watching = io();
  const watched = runLine(['azure-iot-emulator', 'watch'], watching);
  await watching.until(({ err }) => err.includes('Watching all devices'));
  const connect = lineToCopy(enrolled.out, 'azure-iot-x509 connect');
  const input = io();
  input.type('all is well\n{"temperature":21.5}\nsay "hi"\n');
  input.endInput();
  await mustRun([...connect, '--stdin', '--property', 'level=low'], input);
  await mustRun([...connect, '--once', '--report', '{"firmware":"1.2"}']);
  await watching.until(({ out }) => (out.match(/ disconnected /g) ?? []).length === 2);
  watching.interrupt();
  expect((await watched).code).toBe(0);

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
