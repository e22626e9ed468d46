import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { writeCertificate } from 'azure-iot-certificates';
import { startEmulator, type Emulator } from 'azure-iot-emulator';
import { KINDS } from '../examples/demo/kinds';
import { nearestName } from 'azure-iot-certificates/internal';
import type { Scenario, Stage } from './example/scenario';
import { SCENARIOS } from './example/scenarios';

/** The example that is a test of its own, and brings its emulator with it. */
const TESTING = 'testing';
const NAMES = [...Object.keys(SCENARIOS), TESTING];

const USAGE = `Usage: npm run example -- NAME [--emulator]

Runs an example of the folder examples/ with the environment variables that its first lines name; with --emulator, against
an emulator on this computer, with certificates made and enrolled for the occasion, and with somebody who plays the
service.

NAME is one of: ${NAMES.join(', ')}

Without a subscription: npm run example -- hub-individual --emulator
`;

const ROOT = join(__dirname, '..');

/** How long the example may take until the service has got and done everything. */
const DEADLINE_MS = 60_000;

/** What a person may have set for a device of their own, and would mislead the emulator's. */
const FOREIGN_VARIABLES = ['PROVISIONING_REGISTRATION_ID', 'KEY_PASSPHRASE', 'MODEL_ID', 'ASSIGNMENT_FILE'];

/** Aborted by Ctrl-C or SIGTERM, which are no failure. */
const interruption = new AbortController();

interface RunningProgram {
  /** The exit code. */
  readonly exit: Promise<number>;
  kill(signal?: NodeJS.Signals): void;
}

/** Runs a program as a process of its own, as a user does. */
function start(args: readonly string[], env: NodeJS.ProcessEnv): RunningProgram {
  const program = spawn(process.execPath, args, { env, stdio: 'inherit' });
  // This process waits for the program's end and cleans up.
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      interruption.abort();
      program.kill(signal);
    });
  }
  const exit = once(program, 'exit').then(([code]: unknown[]) => (typeof code === 'number' ? code : 130));
  return { exit, kill: (signal) => void program.kill(signal) };
}

/** What made this file run (tsx) makes the example run. */
function startExample({ file }: Scenario, env: NodeJS.ProcessEnv): RunningProgram {
  return start([...process.execArgv, join(ROOT, 'examples', file)], env);
}

/** Makes and enrolls the certificate; answers with the device, and the variables that the example reads. */
async function prepare(
  scenario: Scenario,
  emulator: Emulator,
  directory: string,
): Promise<{ stage: Omit<Stage, 'signal'>; env: NodeJS.ProcessEnv }> {
  const { registrationId, idScope, hub, makeCertificates, enroll } = KINDS[scenario.kind];
  const { device, enrolled } = await makeCertificates();
  const files = await writeCertificate(device, { directory, name: registrationId });
  await enroll(emulator, enrolled);
  const caFile = join(directory, 'emulator-root.pem');
  await writeFile(caFile, emulator.ca);
  const stage = { emulator, hub: hub(emulator), deviceId: registrationId, directory };
  const own = Object.entries(process.env).filter(([name]) => !FOREIGN_VARIABLES.includes(name));
  const env = {
    ...Object.fromEntries(own),
    ENROLLMENT_KIND: scenario.kind,
    PROVISIONING_HOST: emulator.globalEndpoint,
    PROVISIONING_IDSCOPE: idScope(emulator),
    CERTIFICATE_FILE: files.deviceCertFile,
    KEY_FILE: files.keyFile,
    CA_FILE: caFile,
    ...(await scenario.prepare?.(stage)),
  };
  return { stage, env };
}

async function runAgainstEmulator(scenario: Scenario): Promise<number> {
  const directory = await mkdtemp(join(tmpdir(), 'azure-iot-x509-example-'));
  try {
    await using emulator = await startEmulator({ retryAfterSeconds: 1, pollsBeforeAssigned: 0 });
    const { stage, env } = await prepare(scenario, emulator, directory);
    const ended = new AbortController();
    const signal = AbortSignal.any([ended.signal, AbortSignal.timeout(DEADLINE_MS)]);
    const serving = scenario.serve({ ...stage, signal });
    const example = startExample(scenario, env);
    const exit = example.exit.finally(() => ended.abort(new Error('The example ended too early.')));
    const served = serving.then(
      () => {
        if (scenario.endsBy !== undefined) example.kill(scenario.endsBy);
        return true;
      },
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

/** Runs Jest as a project that has this package installed would. */
function runTesting(): Promise<number> {
  const source = (path: string): string => join(ROOT, 'src', path, 'index.ts');
  const installed = {
    '^azure-iot-x509$': source('.'),
    '^azure-iot-x509/certificates$': source('certificates'),
    '^azure-iot-(certificates|emulator)$': join(ROOT, 'packages', '$1', 'src', 'index.ts'),
    '^azure-iot-(certificates|emulator)/internal$': join(ROOT, 'packages', '$1', 'src', 'internal.ts'),
  };
  const config = join(ROOT, 'examples', TESTING, 'jest.config.cjs');
  const jest = [require.resolve('jest/bin/jest'), '--config', config];
  return start([...jest, '--moduleNameMapper', JSON.stringify(installed)], process.env).exit;
}

/** What the command line says. */
interface Given {
  readonly name: string;
  readonly isEmulated: boolean;
}

/** What the command line says, or what is wrong with it. */
function readArguments(): Given | string {
  try {
    const { values, positionals } = parseArgs({
      options: { emulator: { type: 'boolean', default: false } },
      allowPositionals: true,
    });
    const [name, ...others] = positionals;
    if (name === undefined || others.length > 0) return USAGE;
    if (NAMES.includes(name)) return { name, isEmulated: values.emulator };
    const nearest = nearestName(name, NAMES);
    return `There is no example "${name}".${nearest === undefined ? '' : ` Did you mean ${nearest}?`}\n\n${USAGE}`;
  } catch {
    return USAGE;
  }
}

async function main(): Promise<number> {
  const given = readArguments();
  if (typeof given === 'string') {
    console.error(given);
    return 2;
  }
  const code = await run(given);
  if (code === 0) console.log(conclusion(given));
  else console.error(interruption.signal.aborted ? 'Interrupted.' : failure(given, code));
  return code;
}

async function run({ name, isEmulated }: Given): Promise<number> {
  const scenario = SCENARIOS[name];
  if (scenario === undefined) return await runTesting();
  return isEmulated ? await runAgainstEmulator(scenario) : await startExample(scenario, process.env).exit;
}

/** The last line, when all went well. */
function conclusion({ name, isEmulated }: Given): string {
  const file = SCENARIOS[name]?.file;
  if (file === undefined) return `Done: the tests of examples/${TESTING} pass.`;
  if (!isEmulated) return `Done: ${name}.`;
  return `Done: ${name} did what it shows, and the service saw it. The first lines of examples/${file} say how to run it against Azure.`;
}

/** The last line, when something went wrong: what it was has been told already. */
function failure({ name, isEmulated }: Given, code: number): string {
  const isEverywhere = isEmulated || SCENARIOS[name] === undefined;
  const advice = isEverywhere
    ? ''
    : ` To try it without a subscription: npm run example -- ${name} --emulator`;
  return `Failed: ${name} ended with exit code ${code}.${advice}`;
}

void main().then((code) => (process.exitCode = code));
