// Packs the tarball, installs it in an empty folder as a user does, imports it from ESM, requires it from CommonJS,
// compiles against its types, makes real connections with it, and runs the program that it installs; with each version of
// Node.js that is supported.
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '..');
const { version, engines } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
const folder = mkdtempSync(join(tmpdir(), 'azure-iot-x509-package-'));
const run = (command, args, options = {}) =>
  execFileSync(command, args, {
    cwd: folder,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
    ...options,
  });

const walk = `
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

try {
  const [{ filename, files, unpackedSize }] = JSON.parse(
    run('npm', ['pack', '--json', '--pack-destination', folder], { cwd: root }),
  );
  const unwanted = files.map(({ path }) => path).filter((path) => /^(test|scripts)\/|\.key$/.test(path));
  if (unwanted.length > 0) throw new Error(`The tarball holds what no user needs: ${unwanted.join(', ')}`);
  console.log(`${filename}: ${files.length} files, ${Math.round(unpackedSize / 1024)} kB unpacked`);

  writeFileSync(join(folder, 'package.json'), '{ "private": true }');
  run('npm', ['install', '--no-audit', '--no-fund', '--loglevel=error', `./${filename}`]);

  writeFileSync(
    join(folder, 'esm.mjs'),
    `import { connectDevice } from 'azure-iot-x509';
import { createSelfSignedCertificate } from 'azure-iot-certificates';
import { startEmulator } from 'azure-iot-emulator';
import iot from 'azure-iot-device';
const { Message } = iot;
${walk}`,
  );
  writeFileSync(
    join(folder, 'cjs.cjs'),
    `const { connectDevice } = require('azure-iot-x509');
const { createSelfSignedCertificate } = require('azure-iot-certificates');
const { startEmulator } = require('azure-iot-emulator');
const { Message } = require('azure-iot-device');
(async () => {${walk}})();`,
  );
  writeFileSync(
    join(folder, 'types.ts'),
    `import { connectDevice } from 'azure-iot-x509';
import { createSelfSignedCertificate } from 'azure-iot-certificates';
import { startEmulator } from 'azure-iot-emulator';
import { Message } from 'azure-iot-device';
export async function main(): Promise<void> {${walk}}`,
  );
  const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
  const types = join(root, 'node_modules', '@types');
  run('node', [
    tsc,
    ...['--noEmit', '--strict', '--exactOptionalPropertyTypes', '--target', 'es2022', '--module', 'node20'],
    ...['--lib', 'es2023,esnext.disposable', '--types', 'node', '--typeRoots', types, 'types.ts'],
  ]);
  console.log('compiled against the types');

  for (const directory of runtimes(engines.node)) useIn(directory, version);
} catch (error) {
  if (error.stdout) console.error(error.stdout);
  throw error;
} finally {
  rmSync(folder, { recursive: true, force: true });
}

/** Folders with a `node` of the oldest version that is supported and of each later line that is maintained for long. */
function runtimes(range) {
  const [, oldest] = /^>=(\d+\.\d+)$/.exec(range) ?? [];
  if (oldest === undefined) throw new Error(`The engines are more than a lowest version: ${range}`);
  // What the package `node` installs.
  const system = `${process.platform === 'win32' ? 'win' : process.platform}-${process.arch}`;
  const versions = [`${oldest}.0`, '22', '24'];
  const directory = join(folder, 'runtimes');
  mkdirSync(directory);
  writeFileSync(join(directory, 'package.json'), '{ "private": true }');
  const packages = versions.map((wanted, index) => `runtime-${index}@npm:node-${system}@${wanted}`);
  run('npm', ['install', '--no-audit', '--no-fund', '--loglevel=error', ...packages], { cwd: directory });
  return versions.map((_, index) => join(directory, 'node_modules', `runtime-${index}`, 'bin'));
}

/** Uses what is installed with the `node` of a folder. */
function useIn(directory, version) {
  const env = { ...process.env, PATH: [directory, process.env.PATH].join(delimiter) };
  const runWith = (command, args) => run(command, args, { env });
  runWith('node', ['esm.mjs']);
  runWith('node', ['cjs.cjs']);

  // As npm and npx call it: by the link that the installation made.
  const bin = (...args) => runWith(join('node_modules', '.bin', 'azure-iot-x509'), args);
  if (bin('--version') !== `${version}\n`) throw new Error('The program does not know its version.');
  if (!bin('--help').includes('cert root')) throw new Error('The help does not list the commands.');
  bin('cert', 'root', '--cn', 'Package Root CA', '--subject', 'O=Package');
  const made = (name) => join('certificates', name);
  const issuer = ['--ca', made('root.crt'), '--ca-key', made('root.key')];
  bin('cert', 'device', '--cn', 'pump-1', ...issuer);
  const credentials = ['--cert', made('pump-1.crt'), '--key', made('pump-1.key')];
  const report = JSON.parse(bin('check', '--enrollment', 'hub-group', ...credentials, '--json'));
  if (!report.ok || report.registrationId !== 'pump-1') throw new Error('The check found an error.');
  rmSync(join(folder, 'certificates'), { recursive: true });
  const node = runWith('node', ['--version']).trim();
  console.log(`Node.js ${node}: imported from ESM, required from CommonJS and connected; program run`);
}
