import { webcrypto, X509Certificate } from 'node:crypto';
import { x509, type X509 } from '../../certificates/src/making/x509';
import { issuersUpwards } from '../src/authorities/chain';

/* Chains that no certificate maker should make: what certificate authorities allow below themselves. */

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;

interface Authority {
  readonly certificate: X509.X509Certificate;
  readonly keys: webcrypto.CryptoKeyPair;
}

let serialNumber = 0;

/** A certificate of that name, whether or not its issuer may sign it. */
async function issue(
  name: string,
  issuer: Authority | undefined,
  constraints: { readonly ca: boolean; readonly pathLength?: number },
): Promise<Authority> {
  const keys = await webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);
  const certificate = await x509().X509CertificateGenerator.create(
    {
      serialNumber: String((serialNumber += 1)).padStart(2, '0'),
      subject: `CN=${name}`,
      issuer: issuer?.certificate.subject ?? `CN=${name}`,
      notBefore: new Date(Date.now() - 60_000),
      notAfter: new Date(Date.now() + 3_600_000),
      publicKey: keys.publicKey,
      signingKey: (issuer?.keys ?? keys).privateKey,
      signingAlgorithm: ALGORITHM,
      extensions: [new (x509().BasicConstraintsExtension)(constraints.ca, constraints.pathLength, true)],
    },
    webcrypto,
  );
  return { certificate, keys };
}

/** The names of the issuers of the last of these, level by level. */
function levels(...chain: readonly Authority[]): string[] {
  const [leaf, ...candidates] = chain
    .map(({ certificate }) => new X509Certificate(Buffer.from(certificate.rawData)))
    .reverse();
  if (leaf === undefined) throw new Error('a chain ends with a leaf');
  return [...issuersUpwards({ leaf, candidates, now: new Date() })].map((issuers) =>
    issuers.map(({ subject }) => subject.replace('CN=', '')).join(),
  );
}

it('A chain goes up to the root when every authority allows the certificates below it', async () => {
  const root = await issue('root', undefined, { ca: true, pathLength: 2 });
  const upper = await issue('upper', root, { ca: true, pathLength: 1 });
  const lower = await issue('lower', upper, { ca: true, pathLength: 0 });
  const leaf = await issue('leaf', lower, { ca: false });
  expect(levels(root, upper, lower, leaf)).toEqual(['lower', 'upper', 'root']);
});

it('A chain ends below an authority whose path length is exceeded', async () => {
  const root = await issue('root', undefined, { ca: true });
  const upper = await issue('upper', root, { ca: true, pathLength: 0 });
  const lower = await issue('lower', upper, { ca: true });
  const leaf = await issue('leaf', lower, { ca: false });
  expect(levels(root, upper, lower, leaf)).toEqual(['lower']);
  const direct = await issue('direct', upper, { ca: false });
  expect(levels(root, upper, direct)).toEqual(['upper', 'root']);
});

it('A chain ends below a certificate that is no authority', async () => {
  const root = await issue('root', undefined, { ca: true });
  const device = await issue('device', root, { ca: false });
  const leaf = await issue('leaf', device, { ca: false });
  expect(levels(root, device, leaf)).toEqual([]);
});
