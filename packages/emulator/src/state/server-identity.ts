import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readdir, readFile, rename, rmdir } from 'node:fs/promises';
import { isIP } from 'node:net';
import { join } from 'node:path';
import {
  createRootCertificate,
  type FileError,
  type IssuedCertificate,
  loadCertificate,
} from 'azure-iot-certificates';
import {
  createServerCertificate,
  ensureDirectory,
  type FileContent,
  temporaryPathFor,
  writeFiles,
} from 'azure-iot-certificates/internal';
import { isIssuedBy } from '../authorities/x509';
import type { ServerCredentials } from '../devices/tcp/server-context';
import { brokenFile, messageOf, notReadable, systemCode } from './problems';
import { syncDirectory } from './writer';

/** The servers' certificate, and the root that devices have to trust. */
export interface ServerIdentity {
  /** The root, as PEM. */
  readonly ca: string;
  readonly credentials: ServerCredentials;
  /** The names in the certificate. */
  readonly hostNames: readonly string[];
  /** The root with its key, for further certificates. Rejects with a FileError when its files are damaged. */
  readonly issuer: () => Promise<IssuedCertificate>;
}

/**
 * The shortest remaining validity of a certificate. One with less is replaced, so that an emulator can run for a while.
 */
const RENEW_BEFORE_MS = 90 * 86_400_000;
const KEY_MODE = 0o600;
const CERTIFICATE_MODE = 0o644;

const REMEDY =
  'Put a copy of the file back. Or move the folder server away: then a new root is made, which all devices have to be given.';

const FILES = {
  root: 'root.pem',
  rootKey: 'root-key.pem',
  certificate: 'certificate.pem',
  key: 'key.pem',
} as const;

function withLoopback(hostNames: readonly string[]): readonly string[] {
  return [...new Set([...hostNames, 'localhost', '127.0.0.1', '::1'])];
}

async function issueServerCertificate(
  issuer: IssuedCertificate,
  hostNames: readonly string[],
): Promise<ServerCredentials> {
  const [commonName = 'localhost'] = hostNames;
  const server = await createServerCertificate({ commonName, issuer, hostNames: withLoopback(hostNames) });
  return { certificate: server.fullChain, privateKey: server.privateKey };
}

/** A new root and server certificate. */
async function createIdentity(
  hostNames: readonly string[],
): Promise<{ root: IssuedCertificate; credentials: ServerCredentials }> {
  const root = await createRootCertificate({ commonName: 'azure-iot-emulator root' });
  return { root, credentials: await issueServerCertificate(root, hostNames) };
}

function fromRoot(
  root: IssuedCertificate,
  credentials: ServerCredentials,
  hostNames: readonly string[],
): ServerIdentity {
  const issuer = (): Promise<IssuedCertificate> => Promise.resolve(root);
  return { ca: root.certificate, credentials, hostNames: withLoopback(hostNames), issuer };
}

/** An identity that is not stored. */
export async function createServerIdentity(hostNames: readonly string[]): Promise<ServerIdentity> {
  const { root, credentials } = await createIdentity(hostNames);
  return fromRoot(root, credentials, hostNames);
}

/**
 * The identity in the folder, made if there is none. The root never changes, because devices trust it. The server
 * certificate is replaced when it is about to expire or lacks a host name.
 *
 * @throws FileError when a file is missing, damaged or does not belong to the others.
 */
export async function keepServerIdentity(
  directory: string,
  hostNames: readonly string[],
): Promise<ServerIdentity> {
  if (await isMissing(directory)) return createKeptIdentity(directory, hostNames);
  const kept = new KeptIdentity(directory);
  const root = await kept.readRoot();
  const current = await kept.readServer(root);
  const reason =
    current === undefined ? 'is missing or not complete' : whyRenew(current.x509, root, hostNames);
  const credentials =
    current !== undefined && reason === undefined
      ? current.credentials
      : await kept.renew(hostNames, `the server's certificate ${reason ?? 'is missing'}`);
  return {
    ca: root.toString(),
    credentials,
    hostNames: withLoopback(hostNames),
    issuer: () => kept.loadRoot('a fault needs a further certificate'),
  };
}

async function isMissing(directory: string): Promise<boolean> {
  try {
    return (await readdir(directory)).length === 0;
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return true;
    throw notReadable(directory, error);
  }
}

/** Writes all four files or none, because the folder is filled before it is renamed. */
async function createKeptIdentity(directory: string, hostNames: readonly string[]): Promise<ServerIdentity> {
  const { root, credentials } = await createIdentity(hostNames);
  const unfinished = temporaryPathFor(directory);
  await ensureDirectory(unfinished);
  await writeFiles(
    [
      { path: join(unfinished, FILES.root), content: root.certificate, mode: CERTIFICATE_MODE },
      { path: join(unfinished, FILES.rootKey), content: root.privateKey, mode: KEY_MODE },
      ...serverFiles(unfinished, credentials),
    ],
    false,
  );
  // On Windows an empty folder of that name prevents the renaming. A folder that is not empty stays, and is an error.
  if (process.platform === 'win32') await rmdir(directory).catch(() => undefined);
  await rename(unfinished, directory);
  await syncDirectory(join(directory, '..'));
  return fromRoot(root, credentials, hostNames);
}

/** The files of the server certificate. The key comes first: a certificate without its key is replaced. */
function serverFiles(directory: string, { certificate, privateKey }: ServerCredentials): FileContent[] {
  return [
    { path: join(directory, FILES.key), content: privateKey, mode: KEY_MODE },
    { path: join(directory, FILES.certificate), content: certificate, mode: CERTIFICATE_MODE },
  ];
}

/** The reason for replacing the certificate, or `undefined`. */
function whyRenew(
  x509: X509Certificate,
  root: X509Certificate,
  hostNames: readonly string[],
): string | undefined {
  const end = new Date(x509.validTo);
  // A certificate cannot outlive its root, so a certificate that ends with its root is not replaced.
  if (end.getTime() - Date.now() < RENEW_BEFORE_MS && end < new Date(root.validTo)) {
    return `expires on ${end.toISOString()}`;
  }
  const missing = withLoopback(hostNames).find((name) =>
    isIP(name) === 0 ? x509.checkHost(name) === undefined : x509.checkIP(name) === undefined,
  );
  return missing === undefined ? undefined : `does not name ${missing}`;
}

function broken(path: string, cause: unknown): FileError {
  return brokenFile(path, cause, REMEDY);
}

/** The files of a stored identity. */
class KeptIdentity {
  readonly #directory: string;

  constructor(directory: string) {
    this.#directory = directory;
  }

  async readRoot(): Promise<X509Certificate> {
    const root = await this.#read(FILES.root, (pem) => new X509Certificate(pem));
    if (root === undefined) {
      throw broken(
        this.#path(FILES.root),
        new Error('it is missing, and other files of the server are there'),
      );
    }
    if (new Date(root.validTo).getTime() <= Date.now()) {
      const problem = new Error(`it has expired on ${new Date(root.validTo).toISOString()}`);
      throw broken(this.#path(FILES.root), problem);
    }
    return root;
  }

  /** The server certificate; `undefined` when it is missing or half replaced. */
  async readServer(
    root: X509Certificate,
  ): Promise<{ x509: X509Certificate; credentials: ServerCredentials } | undefined> {
    const certificate = await this.#read(FILES.certificate, (pem) => ({
      pem,
      x509: new X509Certificate(pem),
    }));
    const key = await this.#read(FILES.key, (pem) => ({ pem, key: createPrivateKey(pem) }));
    if (certificate === undefined || key === undefined || !certificate.x509.checkPrivateKey(key.key))
      return undefined;
    const { x509 } = certificate;
    if (!isIssuedBy(x509, root)) {
      throw broken(this.#path(FILES.certificate), new Error(`${FILES.root} has not issued it`));
    }
    return { x509, credentials: { certificate: certificate.pem, privateKey: key.pem } };
  }

  async renew(hostNames: readonly string[], reason: string): Promise<ServerCredentials> {
    const root = await this.loadRoot(reason);
    const credentials = await issueServerCertificate(root, hostNames);
    await writeFiles(serverFiles(this.#directory, credentials), true);
    return credentials;
  }

  /** The root with its key. @param reason - the reason for needing it, for the error */
  async loadRoot(reason: string): Promise<IssuedCertificate> {
    const certFile = this.#path(FILES.root);
    const keyFile = this.#path(FILES.rootKey);
    try {
      return await loadCertificate({ certFile, keyFile });
    } catch (error) {
      throw broken(
        keyFile,
        new Error(`${messageOf(error)} (It is needed because ${reason})`, { cause: error }),
      );
    }
  }

  async #read<T>(name: string, parse: (text: string) => T): Promise<T | undefined> {
    const path = this.#path(name);
    let text: string;
    try {
      text = await readFile(path, 'utf8');
    } catch (error) {
      if (systemCode(error) === 'ENOENT') return undefined;
      throw notReadable(path, error);
    }
    try {
      return parse(text);
    } catch (error) {
      throw broken(path, error);
    }
  }

  #path(name: string): string {
    return join(this.#directory, name);
  }
}
