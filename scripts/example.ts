import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { writeCertificate } from 'azure-iot-certificates';
import { startEmulator, type Emulator } from 'azure-iot-emulator';
import { enrollDevice } from '../test/support/enrolled-device';
import { SCENARIOS, type Scenario } from './example/scenarios';
import type { Stage } from './example/service';

/** The example that is a test of its own, and brings its emulator with it. */
const TESTING = 'testing';

const USAGE = `Usage: npm run example -- NAME [--emulator]

Runs an example of the folder examples/ with the environment variables that its first lines name; with --emulator, against
an emulator on this computer, with certificates made and enrolled for the occasion, and with somebody who plays the
service.

NAME is one of: ${[...Object.keys(SCENARIOS), TESTING].join(', ')}

Without a subscription: npm run example -- hub-individual --emulator
`;

const ROOT = join(__dirname, '..');

/** The time in which the service must have received and done everything. */
const DEADLINE_MS = 60_000;

/** Variables that may be set for another device, and would mislead the emulator's. */
const FOREIGN_VARIABLES = [
  ...['CHAIN_FILE', 'KEY_PASSPHRASE', 'PROVISIONING_REGISTRATION_ID'],
  ...['MODEL_ID', 'TRANSPORT', 'ASSIGNMENT_FILE'],
];

/** Aborted by Ctrl-C or SIGTERM, which are no failure. */
const interruption = new AbortController();

function start(args: readonly string[], env: NodeJS.ProcessEnv): ChildProcess {
  const program = spawn(process.execPath, args, { env, stdio: 'inherit' });
  // This process waits for the program's end and cleans up.
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      interruption.abort();
      program.kill(signal);
    });
  }
  return program;
}

async function exitCode(program: ChildProcess): Promise<number> {
  const [code] = (await once(program, 'exit')) as [number | null];
  return code ?? 130;
}

/** Starts the example with the same loader (tsx) as this file. */
const startExample = ({ file }: Scenario, env: NodeJS.ProcessEnv): ChildProcess =>
  start([...process.execArgv, join(ROOT, 'examples', `${file}.ts`)], env);

/** Makes and enrolls the certificate; answers with the device, and the variables that the example reads. */
async function prepare(
  scenario: Scenario,
  emulator: Emulator,
  directory: string,
): Promise<{ stage: Omit<Stage, 'signal'>; env: NodeJS.ProcessEnv }> {
  const deviceId = 'pump-1';
  const { device, hub, options } = await enrollDevice(emulator, scenario.kind, deviceId);
  const files = await writeCertificate(device, { directory, name: deviceId });
  const caFile = join(directory, 'emulator-root.pem');
  await writeFile(caFile, emulator.ca);
  const stage = { emulator, hub, deviceId, directory };
  const own = Object.entries(process.env).filter(([name]) => !FOREIGN_VARIABLES.includes(name));
  const env = {
    ...Object.fromEntries(own),
    ENROLLMENT_KIND: scenario.kind,
    PROVISIONING_HOST: emulator.globalEndpoint,
    PROVISIONING_IDSCOPE: options.idScope,
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
    const exit = exitCode(example).finally(() => ended.abort(new Error('The example ended too early.')));
    const served = serving.then(
      () => {
        if (scenario.endsBy !== undefined) example.kill(scenario.endsBy);
        return true;
      },
      (error: unknown) => {
        // The reason of an AbortError is what aborted it.
        const { cause, message } = error as Error;
        console.error(`[service] ${cause instanceof Error ? cause.message : message}`);
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

/**
 * Runs Jest as a project that has the packages installed would: with their build, which is made where it is missing.
 */
async function runTesting(): Promise<number> {
  const build = await exitCode(start([join(ROOT, 'test', 'support', 'build.cjs')], process.env));
  if (build !== 0) return build;
  const config = join(ROOT, 'examples', TESTING, 'jest.config.cjs');
  const installed = JSON.stringify({ '^azure-iot-x509$': ROOT });
  const jest = [require.resolve('jest/bin/jest'), '--config', config, '--moduleNameMapper', installed];
  return await exitCode(start(jest, process.env));
}

interface Given {
  readonly name: string;
  readonly isEmulated: boolean;
}

/** The arguments of the command line; `undefined` if they are not valid. */
function readArguments(): Given | undefined {
  try {
    const { values, positionals } = parseArgs({
      options: { emulator: { type: 'boolean', default: false } },
      allowPositionals: true,
    });
    const [name = '', ...more] = positionals;
    const isKnown = name === TESTING || SCENARIOS[name] !== undefined;
    return isKnown && more.length === 0 ? { name, isEmulated: values.emulator } : undefined;
  } catch {
    return undefined;
  }
}

async function run({ name, isEmulated }: Given): Promise<number> {
  const scenario = SCENARIOS[name];
  if (scenario === undefined) return await runTesting();
  return isEmulated
    ? await runAgainstEmulator(scenario)
    : await exitCode(startExample(scenario, process.env));
}

/** The last line, when all went well. */
function conclusion({ name, isEmulated }: Given): string {
  const file = SCENARIOS[name]?.file;
  if (file === undefined) return `Done: the tests of examples/${TESTING} pass.`;
  if (!isEmulated) return `Done: ${name}.`;
  return `Done: ${name} did what it shows, and the service saw it. The first lines of examples/${file}.ts say how to run it against Azure.`;
}

/** The last line, when something went wrong: what it was has been told already. */
function failure({ name, isEmulated }: Given, code: number): string {
  const isEverywhere = isEmulated || SCENARIOS[name] === undefined;
  const advice = isEverywhere
    ? ''
    : ` To try it without a subscription: npm run example -- ${name} --emulator`;
  return `Failed: ${name} ended with exit code ${code}.${advice}`;
}

async function main(): Promise<number> {
  const given = readArguments();
  if (given === undefined) {
    console.error(USAGE);
    return 2;
  }
  const code = await run(given);
  if (code === 0) console.log(conclusion(given));
  else console.error(interruption.signal.aborted ? 'Interrupted.' : failure(given, code));
  return code;
}

void main().then((code) => (process.exitCode = code));
