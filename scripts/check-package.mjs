// Packs the three packages, installs their tarballs in empty folders, apart and together, and uses them as a user does:
// imported from ESM, required from CommonJS, compiled, in Jest, in bundles of esbuild, as a gateway and from the shell; with
// each version of Node.js that is supported. Needs a build.
import { execFileSync } from 'node:child_process';
import {
  copyFileSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = resolve(dirname(fileURLToPath(import.meta.url)), '..');
const MB = 2 ** 20;

/** The packages; their folders; and how large a tarball may be, in bytes. */
const PACKAGES = {
  'azure-iot-x509': { folder: ROOT, limit: 250_000 },
  'azure-iot-certificates': { folder: join(ROOT, 'packages', 'certificates'), limit: 100_000 },
  'azure-iot-emulator': { folder: join(ROOT, 'packages', 'emulator'), limit: 300_000 },
};

/** The packages from Microsoft that a device needs with or without this library. */
const OFFICIAL = [
  'azure-iot-device',
  'azure-iot-device-mqtt',
  'azure-iot-provisioning-device',
  'azure-iot-provisioning-device-mqtt',
  'azure-iot-security-x509',
];

/** The size limits on disk: the emulator with its dependencies, and this library on top of the official packages. */
const EMULATOR_LIMIT = 12 * MB;
const LIBRARY_LIMIT = 8 * MB;

const workplace = mkdtempSync(join(tmpdir(), 'azure-iot-x509-package-'));

function run(command, args, options = {}) {
  const stdio = ['ignore', 'pipe', 'inherit'];
  return execFileSync(command, args, { cwd: workplace, encoding: 'utf8', stdio, ...options });
}

/** A program of the root's `node_modules/.bin`. */
const tool = (name, args, cwd) => run(join(ROOT, 'node_modules', '.bin', name), args, { cwd });

/** An empty project. */
function project(name) {
  const folder = join(workplace, name);
  mkdirSync(folder);
  writeFileSync(join(folder, 'package.json'), '{ "private": true }');
  return folder;
}

const install = (folder, packages) =>
  run('npm', ['install', '--no-audit', '--no-fund', '--loglevel=error', ...packages], { cwd: folder });

/** The size of a folder's files on disk, in bytes. */
function bytesOnDisk(folder) {
  const entries = readdirSync(folder, { recursive: true, encoding: 'utf8' });
  return entries
    .map((name) => lstatSync(join(folder, name)).blocks * 512)
    .reduce((sum, bytes) => sum + bytes, 0);
}

const sizeOf = (bytes) => (bytes < MB ? `${Math.round(bytes / 1000)} kB` : `${(bytes / MB).toFixed(1)} MB`);

function expectAtMost(what, bytes, limit) {
  console.log(`${what}: ${sizeOf(bytes)} of at most ${sizeOf(limit)}`);
  if (bytes > limit) throw new Error(`${what}: ${sizeOf(bytes)} are more than ${sizeOf(limit)}.`);
}

/** Makes the tarball of a package, and looks at what is in it. Answers with its path. */
function pack(name) {
  const { folder, limit } = PACKAGES[name];
  // The build is there already.
  const args = ['pack', '--json', '--ignore-scripts', '--pack-destination', workplace];
  const [{ filename, files, size }] = JSON.parse(run('npm', args, { cwd: folder }));
  const paths = files.map(({ path }) => path);
  const missing = ['LICENSE', 'README.md', 'dist/index.js', 'dist/index.d.ts'].filter(
    (path) => !paths.includes(path),
  );
  if (missing.length > 0) throw new Error(`The tarball of ${name} lacks ${missing.join(', ')}.`);
  const unwanted = paths.filter((path) => /^(src|test|scripts|packages)\/|\.(key|map|tgz)$/.test(path));
  if (unwanted.length > 0)
    throw new Error(`The tarball of ${name} holds what no user needs: ${unwanted.join(', ')}`);
  expectAtMost(`The tarball of ${name}, with ${files.length} files`, size, limit);
  const tarball = join(workplace, filename);
  tool('publint', ['run', '--strict', tarball], folder);
  tool('attw', [tarball, '--profile', 'node16', '--format', 'ascii'], folder);
  return tarball;
}

/** A connection of a device to the emulator, in a program that knows the names of the three packages. */
const WALK = `
const emulator = await startEmulator({ retryAfterSeconds: 0 });
const { certificate, privateKey } = await createSelfSignedCertificate({ commonName: 'pump-1' });
emulator.dps.individualEnrollments.create({ registrationId: 'pump-1', primaryCertificate: certificate });
const connection = await connectDevice({
  enrollment: 'hub-individual',
  idScope: emulator.idScope,
  globalEndpoint: emulator.globalEndpoint,
  ca: emulator.ca,
  cert: certificate,
  key: privateKey,
});
await connection.client.sendEvent(new Message('hello'));
const [hub] = emulator.hubs;
const [telemetry] = hub?.receivedTelemetry('pump-1') ?? [];
if (telemetry?.body.toString() !== 'hello') throw new Error('The hub did not receive the message.');
await connection.close();
await emulator.close();
`;
const REQUIRES = `const { connectDevice, Message } = require('azure-iot-x509');
const { createSelfSignedCertificate } = require('azure-iot-certificates');
const { startEmulator } = require('azure-iot-emulator');
`;
const IMPORTS = `import { connectDevice, Message } from 'azure-iot-x509';
import { createSelfSignedCertificate } from 'azure-iot-certificates';
import { startEmulator } from 'azure-iot-emulator';
`;

/** Runs a gateway in a folder of its own until the hub has a message of it; then stops it as a supervisor does. */
const SUPERVISOR = `
const { spawn } = require('node:child_process');
const { once } = require('node:events');
const { writeFileSync } = require('node:fs');
const { join } = require('node:path');
const [folder, ...command] = process.argv.slice(2);
(async () => {
  const emulator = await startEmulator({ retryAfterSeconds: 0 });
  const { certificate, privateKey } = await createSelfSignedCertificate({ commonName: 'gateway-1' });
  emulator.dps.individualEnrollments.create({ registrationId: 'gateway-1', primaryCertificate: certificate });
  const file = (name, content) => (writeFileSync(join(folder, name), content, { mode: 0o600 }), join(folder, name));
  const env = {
    ...process.env,
    ENROLLMENT_KIND: 'hub-individual',
    PROVISIONING_IDSCOPE: emulator.idScope,
    PROVISIONING_HOST: emulator.globalEndpoint,
    CERTIFICATE_FILE: file('device.crt', certificate),
    KEY_FILE: file('device.key', privateKey),
    CA_FILE: file('ca.pem', emulator.ca),
    ASSIGNMENT_FILE: join(folder, 'assignment.json'),
  };
  const gateway = spawn(command[0], command.slice(1), { cwd: folder, env, stdio: ['ignore', 'ignore', 'inherit'] });
  const exit = once(gateway, 'exit');
  await Promise.race([once(emulator.hubs[0], 'telemetry'), exit]);
  gateway.kill('SIGTERM');
  process.exitCode = (await exit)[0] ?? 1;
  await emulator.close();
})();
`;

/** The programs of a user of all three packages. */
const PROGRAMS = {
  'esm.mjs': `${IMPORTS}${WALK}`,
  'cjs.cjs': `${REQUIRES}(async () => {${WALK}})();`,
  'types.ts': `${IMPORTS}export async function main(): Promise<void> {${WALK}}`,
  'device.ts': `${IMPORTS}async function main(): Promise<void> {${WALK}}\nvoid main();`,
  'supervisor.cjs': `${REQUIRES}${SUPERVISOR}`,
  'application.test.cjs': `${REQUIRES}test('a device connects and sends', async () => {${WALK}}, 30_000);`,
  'jest.config.cjs': `module.exports = { testEnvironment: 'node', testMatch: ['**/*.test.cjs'] };`,
};

/** The environment of programs that find those of a folder first. */
const environmentOf = (runtime) => ({ ...process.env, PATH: [runtime, process.env.PATH].join(delimiter) });

/** The gateway of the examples, installed and run as its Dockerfile says. `runtimes` are folders by versions. */
function useGateway(together, tarballs, runtimes) {
  const source = join(ROOT, 'examples', 'gateway');
  const dockerfile = readFileSync(join(source, 'Dockerfile'), 'utf8');
  const [, line] = /^FROM node:(\d+)-slim$/m.exec(dockerfile) ?? [];
  const [, install] = /^RUN (npm init .*) azure-iot-x509$/m.exec(dockerfile) ?? [];
  const [, program] = /^CMD (\[.*\])$/m.exec(dockerfile) ?? [];
  if (line === undefined || install === undefined || program === undefined)
    throw new Error(
      'The Dockerfile of the gateway does not install and start it in the lines that are known.',
    );
  const folder = join(workplace, 'gateway');
  mkdirSync(folder);
  const env = environmentOf(runtimes.get(line));
  run('sh', ['-euc', `${install} "$@"`, 'sh', ...tarballs], { cwd: folder, env });
  copyFileSync(join(source, 'gateway.ts'), join(folder, 'gateway.ts'));
  run('node', ['supervisor.cjs', folder, ...JSON.parse(program)], { cwd: together, env });
  console.log(`The gateway runs as its Dockerfile says, with Node.js ${line}`);
}

/** Compiles against the types alone: strictly, and with a look at every declaration. */
function compile(folder, file) {
  const types = join(ROOT, 'node_modules', '@types');
  const checks = [
    '--noEmit',
    '--strict',
    '--exactOptionalPropertyTypes',
    '--target',
    'es2022',
    '--module',
    'node20',
  ];
  const lib = ['--lib', 'es2023,esnext.disposable', '--types', 'node', '--typeRoots', types];
  tool('tsc', [...checks, ...lib, file], folder);
}

/** The certificates alone make, and read, a certificate. */
function useCertificates(folder) {
  const used = `createSelfSignedCertificate({ commonName: 'pump-1' }).then(({ certificate: cert, privateKey: key }) =>
    checkCredentials({ enrollment: 'hub-individual', cert, key })).then(({ ok }) => { if (!ok) process.exit(1); });`;
  const names = '{ checkCredentials, createSelfSignedCertificate }';
  run('node', ['-e', `const ${names} = require('azure-iot-certificates'); ${used}`], { cwd: folder });
  writeFileSync(join(folder, 'types.ts'), `import ${names} from 'azure-iot-certificates';\nvoid ${used}`);
  compile(folder, 'types.ts');
}

/** The emulator alone starts and ends; the SDK for Node.js is not there. */
function useEmulator(folder) {
  const installed = readdirSync(join(folder, 'node_modules'));
  const sdk = installed.filter((name) => /^(azure-iot-(?!certificates$|emulator$)|mqtt$)/.test(name));
  if (sdk.length > 0) throw new Error(`azure-iot-emulator brings the SDK with it: ${sdk.join(', ')}`);
  expectAtMost(
    'azure-iot-emulator, installed alone',
    bytesOnDisk(join(folder, 'node_modules')),
    EMULATOR_LIMIT,
  );
  const used = 'startEmulator().then((emulator) => emulator.close());';
  run('node', ['-e', `const { startEmulator } = require('azure-iot-emulator'); ${used}`], { cwd: folder });
  writeFileSync(
    join(folder, 'types.ts'),
    `import { startEmulator } from 'azure-iot-emulator';\nvoid ${used}`,
  );
  compile(folder, 'types.ts');
}

/** The bundles that the lines of docs/bundling.md make of `device.ts`, in a folder where nothing is installed. */
function bundle(folder) {
  const page = readFileSync(join(ROOT, 'docs', 'bundling.md'), 'utf8');
  const lines = page.match(/^npx esbuild device\.ts .*$/gm) ?? [];
  if (lines.length < 2) throw new Error('docs/bundling.md has no two lines for esbuild.');
  const outdir = project('bundle');
  return lines.map((line) => {
    const [, file] = /--outfile=(\S+)/.exec(line) ?? [];
    const env = environmentOf(join(ROOT, 'node_modules', '.bin'));
    run('sh', ['-euc', `${line.replace('npx ', '')} --log-level=warning`], { cwd: folder, env });
    renameSync(join(folder, file), join(outdir, file));
    return join(outdir, file);
  });
}

/** Folders with a `node`, by version: the oldest that is supported and each later line that is maintained for long. */
function runtimes() {
  const { engines } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
  const [, oldest] = /^>=(\d+\.\d+)$/.exec(engines.node) ?? [];
  if (oldest === undefined) throw new Error(`The engines are more than a lowest version: ${engines.node}`);
  // The suffix of the package that the package `node` installs.
  const system = `${process.platform === 'win32' ? 'win' : process.platform}-${process.arch}`;
  const versions = [`${oldest}.0`, '22', '24'];
  const folder = project('runtimes');
  install(
    folder,
    versions.map((wanted, index) => `runtime-${index}@npm:node-${system}@${wanted}`),
  );
  return new Map(
    versions.map((version, index) => [version, join(folder, 'node_modules', `runtime-${index}`, 'bin')]),
  );
}

/** Uses all three packages, and their programs, with the `node` of a folder. */
function useTogether(folder, bundled, runtime) {
  const env = environmentOf(runtime);
  const runWith = (command, args) => run(command, args, { cwd: folder, env });
  runWith('node', ['esm.mjs']);
  runWith('node', ['cjs.cjs']);
  for (const file of bundled) runWith('node', [file]);
  runWith('node', [join(ROOT, 'node_modules', 'jest', 'bin', 'jest.js')]);

  // As npm and npx call them: by the links that the installation made.
  const bin = (name, ...args) => runWith(join('node_modules', '.bin', name), args);
  for (const [name, { folder: source }] of Object.entries(PACKAGES)) {
    const { version, bin: bins = {} } = JSON.parse(readFileSync(join(source, 'package.json'), 'utf8'));
    if (bins[name] !== undefined && bin(name, '--version') !== `${version}\n`)
      throw new Error(`The program ${name} does not know its version.`);
  }
  const cert = (...args) => bin('azure-iot-x509', 'cert', ...args);
  cert('root', '--cn', 'Package Root CA', '--subject', 'O=Package');
  const made = (name) => join('certificates', name);
  cert('device', '--cn', 'pump-1', '--ca', made('root.crt'), '--ca-key', made('root.key'));
  const credentials = ['--cert', made('pump-1.crt'), '--key', made('pump-1.key')];
  const report = JSON.parse(
    bin('azure-iot-x509', 'check', '--enrollment', 'hub-group', ...credentials, '--json'),
  );
  if (!report.ok || report.registrationId !== 'pump-1') throw new Error('The check found an error.');
  rmSync(join(folder, 'certificates'), { recursive: true });
  const node = runWith('node', ['--version']).trim();
  console.log(
    `Node.js ${node}: imported, required, bundled and in Jest, each with a connection; programs run`,
  );
}

async function main() {
  const [library, certificates, emulator] = Object.keys(PACKAGES).map(pack);

  const alone = project('certificates');
  install(alone, [certificates]);
  useCertificates(alone);

  const emulated = project('emulator');
  install(emulated, [emulator, certificates]);
  useEmulator(emulated);

  const official = project('official');
  install(official, OFFICIAL);
  const together = project('together');
  install(together, [library, certificates]);
  const added = bytesOnDisk(join(together, 'node_modules')) - bytesOnDisk(join(official, 'node_modules'));
  expectAtMost('What azure-iot-x509 adds to the five official packages', added, LIBRARY_LIMIT);

  install(together, [emulator]);
  for (const [name, code] of Object.entries(PROGRAMS)) writeFileSync(join(together, name), code);
  compile(together, 'types.ts');
  console.log('compiled against the types');
  const bundled = bundle(together);
  const installed = runtimes();
  for (const runtime of installed.values()) useTogether(together, bundled, runtime);
  useGateway(together, [library, certificates], installed);
}

try {
  await main();
} catch (error) {
  if (error.stdout) console.error(error.stdout);
  throw error;
} finally {
  rmSync(workplace, { recursive: true, force: true });
}
