import { execFile } from 'node:child_process';
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { checkCredentials, provisionDevice, type EnrollmentKind } from 'azure-iot-x509';
import { startEmulator, type Emulator } from 'azure-iot-emulator';
import { describeWithOpenssl, openssl } from '../support/openssl';
import { useTemporaryDirectory } from '../../packages/certificates/test/making/temporary-directory';

/* The openssl lines of docs/enrollment-kinds.md, run as printed, make what each enrollment kind needs. */

const run = promisify(execFile);
const at = useTemporaryDirectory();
const guide = readFileSync(join(__dirname, '..', '..', 'docs', 'enrollment-kinds.md'), 'utf8');

/** The shell lines of the section, without the indent of the list that they stand in. */
function linesOf(section: string): string[] {
  const text = guide.split(/^## /m).find((part) => part.startsWith(section)) ?? '';
  return [...text.matchAll(/^ *```sh\n([^]*?)^ *```$/gm)].map(([, lines = '']) =>
    lines.replaceAll(/^ {3}/gm, ''),
  );
}

const isProof = (lines: string): boolean => lines.includes('$CODE');

async function inShell(lines: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<void> {
  await run('sh', ['-euc', lines.join('\n')], { cwd: at(), env: { ...process.env, ...env } });
}

describeWithOpenssl('the openssl lines of docs/enrollment-kinds.md', () => {
  beforeEach(() => mkdirSync(at('certificates')));

  const file = (name: string) => at('certificates', name);
  const read = (name: string) => readFileSync(file(name), 'utf8');

  /** Checks the files as the guide says to use them, then registers with them. */
  async function register(
    emulator: Emulator,
    enrollment: EnrollmentKind,
    idScope: string,
    certificate: string,
    key: string,
  ): Promise<string> {
    const credentials = { enrollment, certFile: file(certificate), keyFile: file(key) };
    const { findings } = await checkCredentials(credentials);
    expect(findings.filter(({ severity }) => severity !== 'info')).toEqual([]);
    const { deviceId } = await provisionDevice({
      ...credentials,
      idScope,
      globalEndpoint: emulator.globalEndpoint,
      ca: emulator.ca,
    });
    return deviceId;
  }

  test('make a certificate for individual enrollments, in DPS and in IoT Central', async () => {
    await inShell(linesOf('hub-individual'));
    const primaryCertificate = read('pump-1.crt');
    expect(
      await openssl(['x509', '-in', file('pump-1.crt'), '-noout', '-ext', 'basicConstraints']),
    ).toContain('CA:FALSE');
    await using emulator = await startEmulator({ retryAfterSeconds: 0 });
    const { dps, central, idScope } = emulator;
    dps.individualEnrollments.create({ registrationId: 'pump-1', primaryCertificate });
    central.devices.create({ deviceId: 'pump-1' });
    central.devices.attest('pump-1', { primaryCertificate, secondaryCertificate: primaryCertificate });
    const files = ['pump-1.crt', 'pump-1.key'] as const;
    expect(await register(emulator, 'hub-individual', idScope, ...files)).toBe('pump-1');
    expect(await register(emulator, 'central-individual', central.idScope, ...files)).toBe('pump-1');
  });

  test('make a chain and the proof of possession for groups, in DPS and in IoT Central', async () => {
    const lines = linesOf('hub-group');
    await inShell(lines.filter((block) => !isProof(block)));
    await using emulator = await startEmulator({ retryAfterSeconds: 0 });
    const { dps, central, idScope } = emulator;
    const prove = async (CODE: string) => {
      await inShell(lines.filter(isProof), { CODE });
      return read('verification.crt');
    };
    dps.certificates.upload({ name: 'root', certificate: read('root.crt') });
    dps.certificates.verify('root', await prove(dps.certificates.generateVerificationCode('root')));
    dps.enrollmentGroups.create({ enrollmentGroupId: 'pumps', certificateName: 'root' });
    const groups = central.enrollmentGroups;
    groups.create({ name: 'pumps', certificate: read('root.crt') });
    groups.verify('pumps', await prove(groups.generateVerificationCode('pumps')));
    const files = ['pump-2-chain.crt', 'pump-2.key'] as const;
    expect(await register(emulator, 'hub-group', idScope, ...files)).toBe('pump-2');
    expect(await register(emulator, 'central-group', central.idScope, ...files)).toBe('pump-2');
    const verify = ['verify', '-x509_strict', '-CAfile', file('root.crt')];
    expect(await openssl([...verify, '-untrusted', file('line-1.crt'), file('pump-2.crt')])).toContain('OK');
    expect(await openssl([...verify, file('verification.crt')])).toContain('OK');
  });
});
