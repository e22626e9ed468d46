import { join } from 'node:path';
import { checkTargets, ensureDirectory, removeFile, writeFiles, type FileContent } from '../files';
import { checkPassphrase, OptionProblems } from '../options';
import { issuedCertificateProblem, type IssuedCertificate } from './issued-certificate';

/** Options of {@link writeCertificate}. */
export interface WriteCertificateOptions {
  /** The directory of the files. Created if missing, for this user alone (mode 0700). */
  directory: string;
  /** The files' name without extension, e.g. `sensor-17`; no path. */
  name: string;
  /** Encrypts the private key with AES-256-CBC. Default: none, only the file mode protects the key. */
  passphrase?: string;
  /** Replaces existing files. Default `false`: an existing file is an error, and no file is written. */
  overwrite?: boolean;
}

/** The paths of the files. */
export interface WrittenCertificate {
  /** `<name>.crt`: the certificate alone, for the upload to an enrollment. */
  certFile: string;
  /** `<name>-chain.crt`: the certificate, then the intermediates, without the root. Absent when there is none. */
  chainFile?: string;
  /** `<name>.key`: the private key as PKCS#8, mode 0600. */
  keyFile: string;
  /** The file that a device passes as `certFile`: `chainFile` if there is one, else `certFile`. */
  deviceCertFile: string;
}

/** Windows takes the text behind a colon for the name of a stream, and refuses the other characters. */
const NOT_IN_NAMES = process.platform === 'win32' ? /[<>:"/\\|?*\p{Cc}]/u : /[/\\\0]/;

const CERTIFICATE_MODE = 0o644;
const KEY_MODE = 0o600;

const KNOWN_OPTIONS = ['directory', 'name', 'passphrase', 'overwrite'];

function checkArguments(certificate: unknown, options: WriteCertificateOptions): void {
  const problems = new OptionProblems();
  const noCertificate = issuedCertificateProblem(certificate);
  if (noCertificate !== undefined) {
    const remedy = 'Pass what a create function of this module or loadCertificate() has resolved with.';
    problems.add('certificate', noCertificate, remedy);
  }
  if (problems.addUnlessObject(options, 'Pass an object with directory and name.')) {
    checkOptions(options, problems);
  }
  problems.throwIfAny();
}

function checkOptions(options: WriteCertificateOptions, problems: OptionProblems): void {
  problems.addUnknown(options, KNOWN_OPTIONS);
  const directory: unknown = options.directory;
  const name: unknown = options.name;
  if (typeof directory !== 'string' || directory === '' || directory.includes('\0')) {
    const message = directory === undefined ? 'is missing.' : 'must be a path.';
    problems.add('directory', message, 'Pass the directory for the files, e.g. "certificates".');
  }
  if (typeof name !== 'string' || NOT_IN_NAMES.test(name) || /^\.*$/.test(name)) {
    const message =
      name === undefined
        ? 'is missing.'
        : 'must be a file name without a path and without characters that file names cannot hold.';
    problems.add('name', message, 'Pass the name of the files without extension, e.g. the registration ID.');
  }
  checkPassphrase(options.passphrase, problems);
  const overwrite: unknown = options.overwrite;
  if (overwrite !== undefined && typeof overwrite !== 'boolean') {
    problems.add('overwrite', 'must be true or false.', 'Leave it out to keep existing files.');
  }
}

/**
 * Writes a certificate and its private key as PEM files: `<name>.crt`, `<name>.key` and, when there are intermediates,
 * `<name>-chain.crt`. A device uses `deviceCertFile` and `keyFile`.
 *
 * Every file is complete or absent: it is written under a temporary name, then put in place. Unless `overwrite` is
 * set, no file is written when one of the three names is taken. With `overwrite` the key is replaced last, and an
 * outdated `<name>-chain.crt` is removed.
 *
 * @example
 * ```ts
 * const { deviceCertFile, keyFile } = await writeCertificate(device, { directory: 'certificates', name: 'sensor-17' });
 * ```
 * @throws InvalidOptionsError when the certificate is none, or options are missing, unknown or malformed. Lists every
 * problem.
 * @throws FileError `FILE_EXISTS` when a file exists, `FILE_NOT_WRITABLE` when one cannot be written.
 */
export async function writeCertificate(
  certificate: IssuedCertificate,
  options: WriteCertificateOptions,
): Promise<WrittenCertificate> {
  checkArguments(certificate, options);
  const { directory, name, passphrase, overwrite = false } = options;
  const certFile = join(directory, `${name}.crt`);
  const chainFile = join(directory, `${name}-chain.crt`);
  const keyFile = join(directory, `${name}.key`);
  const hasChain = certificate.chain.length > 0;

  const files: FileContent[] = [{ path: certFile, content: certificate.certificate, mode: CERTIFICATE_MODE }];
  if (hasChain) files.push({ path: chainFile, content: certificate.fullChain, mode: CERTIFICATE_MODE });
  files.push({ path: keyFile, content: certificate.exportPrivateKey(passphrase), mode: KEY_MODE });

  await ensureDirectory(directory);
  // The chain's name must be free even without a chain: a device would find that file and send the wrong certificate.
  await checkTargets([certFile, chainFile, keyFile], overwrite);
  await writeFiles(files, overwrite);
  if (!hasChain) {
    if (overwrite) await removeFile(chainFile);
    return { certFile, keyFile, deviceCertFile: certFile };
  }
  return { certFile, chainFile, keyFile, deviceCertFile: chainFile };
}
