import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { writeCertificate } from 'azure-iot-x509/certificates';
import {
  startEmulator,
  type Emulator,
  type HubEmulator,
  type TelemetryMessage,
} from 'azure-iot-x509/emulator';
import { DEMO_KINDS, type DemoKind } from '../src/cli/demo/kinds';
import { expectThat, nextEvent } from '../src/cli/demo/observation';
import { ENROLLMENT_KINDS, type EnrollmentKind } from '../src/enrollment';

const USAGE = `Usage: npm run example -- <${ENROLLMENT_KINDS.join(' | ')}> [--emulator]

Runs examples/<kind>.ts with the environment variables that its first lines name; with --emulator, against an emulator
on this computer, with certificates made and enrolled for the occasion, and with somebody who plays the service.
`;

/** How long the example may take until the service has got and done everything. */
const DEADLINE_MS = 30_000;

/** What a person may have set for a device of their own, and would mislead the emulator's. */
const FOREIGN_VARIABLES = ['PROVISIONING_REGISTRATION_ID', 'KEY_PASSPHRASE', 'MODEL_ID'];

interface RunningExample {
  /** The exit code. */
  readonly exit: Promise<number>;
  kill(): void;
}

/** Runs the example as a process of its own, as a user does. */
function start(kind: EnrollmentKind, env: NodeJS.ProcessEnv): RunningExample {
  const file = join(__dirname, '..', 'examples', `${kind}.ts`);
  // What made this file run (tsx) makes the example run.
  const example = spawn(process.execPath, [...process.execArgv, file], { env, stdio: 'inherit' });
  // This process waits for the example's end and cleans up.
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => example.kill(signal));
  const exit = once(example, 'exit').then(([code]: unknown[]) => (typeof code === 'number' ? code : 130));
  return { exit, kill: () => void example.kill() };
}

/** What somebody does at the other end; the example ends upon the last call. */
async function playService(hub: HubEmulator, deviceId: string, signal: AbortSignal): Promise<void> {
  const isOurs = (message: TelemetryMessage) => message.deviceId === deviceId;
  const { body } = await nextEvent(hub, 'telemetry', isOurs, () => undefined, signal);
  console.log(`[service] received from ${deviceId}: ${body.toString()}`);
  const { outcome } = await hub.sendCloudToDevice(deviceId, { body: 'Hello, device' });
  expectThat((await outcome) === 'Success', 'the message to the device completed');
  hub.updateDesiredProperties(deviceId, { reportEverySeconds: 30 });
  const { status } = await hub.invokeMethod(deviceId, { methodName: 'stop' });
  expectThat(status === 200, 'the answer 200 to the direct method');
  console.log('[service] sent a message and a desired property, called the direct method "stop"');
}

/** Makes and enrolls the certificate; answers with the variables that the example reads. */
async function prepare(demo: DemoKind, emulator: Emulator, directory: string): Promise<NodeJS.ProcessEnv> {
  const { registrationId, place } = demo;
  const { device, enrolled } = await demo.makeCertificates(registrationId);
  const files = await writeCertificate(device, { directory, name: registrationId });
  await demo.enroll({ emulator, registrationId, enrolled });
  const caFile = join(directory, 'emulator-root.pem');
  await writeFile(caFile, emulator.ca);
  const own = Object.entries(process.env).filter(([name]) => !FOREIGN_VARIABLES.includes(name));
  return {
    ...Object.fromEntries(own),
    PROVISIONING_HOST: emulator.globalEndpoint,
    PROVISIONING_IDSCOPE: place.idScope(emulator),
    CERTIFICATE_FILE: files.deviceCertFile,
    KEY_FILE: files.keyFile,
    CA_FILE: caFile,
  };
}

async function runAgainstEmulator(kind: EnrollmentKind): Promise<number> {
  const demo = DEMO_KINDS[kind];
  const directory = await mkdtemp(join(tmpdir(), 'azure-iot-x509-example-'));
  try {
    await using emulator = await startEmulator({ retryAfterSeconds: 1, pollsBeforeAssigned: 0 });
    const env = await prepare(demo, emulator, directory);
    const ended = new AbortController();
    const example = start(kind, env);
    const exit = example.exit.finally(() => ended.abort(new Error('The example ended too early.')));
    const signal = AbortSignal.any([ended.signal, AbortSignal.timeout(DEADLINE_MS)]);
    const served = playService(demo.place.hub(emulator), demo.registrationId, signal).then(
      () => true,
      (error: unknown) => {
        console.error(`[service] ${error instanceof Error ? error.message : String(error)}`);
        example.kill();
        return false;
      },
    );
    const [code, isServed] = await Promise.all([exit, served]);
    return code === 0 && !isServed ? 1 : code;
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

function isEnrollmentKind(value: string | undefined): value is EnrollmentKind {
  return ENROLLMENT_KINDS.some((kind) => kind === value);
}

/** What the command line says, or `undefined` when it makes no sense. */
function readArguments(): { kind: EnrollmentKind; isEmulated: boolean } | undefined {
  try {
    const { values, positionals } = parseArgs({
      options: { emulator: { type: 'boolean', default: false } },
      allowPositionals: true,
    });
    const [kind, ...others] = positionals;
    return isEnrollmentKind(kind) && others.length === 0 ? { kind, isEmulated: values.emulator } : undefined;
  } catch {
    return undefined;
  }
}

async function main(): Promise<number> {
  const given = readArguments();
  if (given === undefined) {
    console.error(USAGE);
    return 2;
  }
  const { kind, isEmulated } = given;
  return isEmulated ? await runAgainstEmulator(kind) : await start(kind, process.env).exit;
}

void main().then((code) => (process.exitCode = code));
