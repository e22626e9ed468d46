import { randomBytes, sign, verify, type KeyObject } from 'node:crypto';
import { createSecureContext } from 'node:tls';
import { displayName, matchesKey, WEAK_SIGNATURES, type CertificateFacts } from '../../reading/certificate';
import {
  always,
  byAttestation,
  forLeaf,
  newCertificate,
  type LeafContext,
  type Rule,
  type RuleFinding,
} from './rule';

const CURVES: Readonly<Record<string, string>> = {
  prime256v1: 'P-256',
  secp384r1: 'P-384',
  secp521r1: 'P-521',
};
/** The kind of a key in words: `RSA 2048`, `EC P-256`, `Ed25519`. */
export function describeKey(key: KeyObject | undefined): string {
  const { asymmetricKeyType: type, asymmetricKeyDetails: details } = key ?? {};
  if (type === undefined) return 'a key of an unknown kind';
  const curve = details?.namedCurve;
  const size = type === 'ec' ? curve && (CURVES[curve] ?? curve) : details?.modulusLength;
  const name =
    type.startsWith('ed') || type.startsWith('x')
      ? type.charAt(0).toUpperCase() + type.slice(1)
      : type.toUpperCase();
  return size === undefined ? name : `${name} ${size}`;
}

/**
 * The reason why OpenSSL presents no certificate with a key of this kind, as the end of a sentence, or `undefined`.
 * `presenting.test.ts` proves it with a handshake for each curve that OpenSSL knows.
 */
function obstacleOf(key: KeyObject | undefined): string | undefined {
  const { asymmetricKeyType: type = '', asymmetricKeyDetails } = key ?? {};
  if (type === 'ec' && CURVES[asymmetricKeyDetails?.namedCurve ?? ''] === undefined)
    return 'a curve that TLS clients do not offer: OpenSSL sends no certificate for it, and the service answers as though the device had none';
  return TLS_KEY_TYPES.has(type) ? undefined : 'which cannot sign a TLS handshake';
}

const TLS_KEY_TYPES: ReadonlySet<string> = new Set(['rsa', 'rsa-pss', 'ec', 'ed25519', 'ed448']);
/** The kinds that every TLS 1.2 server accepts which knows certificates of clients. */
const PROVEN_KEY_TYPES: ReadonlySet<string> = new Set(['rsa', 'ec']);

function weakSignatures(
  certificates: readonly CertificateFacts[],
  context: LeafContext,
  verdict: string,
): readonly RuleFinding[] {
  return certificates.flatMap((facts) => {
    const name = WEAK_SIGNATURES[facts.signatureAlgorithm];
    if (name === undefined) return [];
    return [
      {
        message: `The certificate of ${displayName(facts.subject)} is signed using ${name}, ${verdict}.`,
        remedy:
          facts === context.certificates.leaf
            ? newCertificate(context)
            : `Have ${displayName(facts.issuer)} issue it again for the same key, signed using SHA-256, and replace it in ${context.chainOrigin.label}.`,
      },
    ];
  });
}

/** The rules for the kind of key and for signature algorithms. */
export const ALGORITHM_RULES: readonly Rule[] = [
  {
    name: 'key-type-signs-tls',
    checks:
      'The key is of a kind that OpenSSL presents in TLS: RSA, EC on P-256, P-384 or P-521, Ed25519 or Ed448; not secp256k1, a Brainpool curve, X25519 or DSA.',
    source:
      'RFC 8422 section 5.3 and RFC 8446 section 4.4.2.3: the key signs the handshake, on a curve that the client offers',
    severity: always('error'),
    check: (context) => {
      const { certificates, key, keyOrigin, certificateOrigin } = context;
      const judged = certificates === undefined ? key : certificates.leaf.publicKey;
      if (certificates === undefined && key === undefined) return [];
      const obstacle = obstacleOf(judged);
      if (obstacle === undefined) return [];
      const origin = certificates === undefined ? keyOrigin : certificateOrigin;
      return [
        {
          message: `The key in ${origin.label} is ${describeKey(judged)}, ${obstacle}.`,
          remedy:
            certificates === undefined
              ? 'Make an EC P-256 key and a certificate for it: azure-iot-x509 cert device --help'
              : `Use a key on P-256. ${newCertificate({ ...context, certificates })}`,
        },
      ];
    },
  },
  {
    name: 'key-type-proven-with-azure',
    checks: 'The key is plain RSA, or EC.',
    source:
      'Azure IoT Hub, "TLS support": RSA and ECC certificates; suites with ECDSA and RSA; Windows TLS stack',
    severity: always('warning'),
    unless: ['key-type-signs-tls'],
    check: forLeaf((leaf, context) => {
      if (PROVEN_KEY_TYPES.has(leaf.publicKey?.asymmetricKeyType ?? 'rsa')) return undefined;
      return {
        message: `The certificate in ${context.certificateOrigin.label} holds ${describeKey(leaf.publicKey)}; only RSA and EC on P-256, P-384 or P-521 are known to work with Azure. To a server that does not offer this kind of signature, no certificate is sent.`,
        remedy: `If the service answers as though the device had no certificate, change the key. ${newCertificate(context)}`,
      };
    }),
  },
  {
    name: 'rsa-key-size',
    checks: 'An RSA key has at least 2048 bits.',
    source: 'NIST SP 800-131A: RSA keys have at least 2048 bits; OpenSSL refuses less than 1024 in TLS',
    severity: always('error'),
    check: forLeaf((leaf, context) => {
      const bits = leaf.publicKey?.asymmetricKeyDetails?.modulusLength;
      if (bits === undefined || bits >= 2048 || leaf.publicKey?.asymmetricKeyType?.startsWith('rsa') !== true)
        return undefined;
      return {
        message: `The RSA key of the certificate in ${context.certificateOrigin.label} has ${bits} bits; at least 2048 are needed.`,
        remedy: newCertificate(context),
      };
    }),
  },
  {
    name: 'signature-algorithm',
    checks: 'No authority signed the leaf or an intermediate using SHA-1 or MD5.',
    source: 'OpenSSL 3 refuses certificates that an authority signed using SHA-1 or MD5 (security level 1)',
    severity: always('error'),
    check: forLeaf((_, context) =>
      weakSignatures(
        context.certificates.path.filter(({ selfSigned }) => !selfSigned),
        context,
        'which can be forged and which OpenSSL 3 refuses in TLS',
      ),
    ),
  },
  {
    name: 'self-signature-algorithm',
    checks: 'A self-signed certificate is not signed using SHA-1 or MD5.',
    source: 'RFC 6151 and RFC 6194: MD5 and SHA-1 are not to be used for new signatures',
    severity: byAttestation('warning', 'off'),
    check: forLeaf((leaf, context) =>
      leaf.selfSigned ? weakSignatures([leaf], context, 'which newer software refuses') : undefined,
    ),
  },
];

/** The rules for the private key and its file. */
export const KEY_RULES: readonly Rule[] = [
  {
    name: 'key-matches-certificate',
    checks: 'The private key belongs to the device certificate.',
    source:
      'RFC 8446, CertificateVerify: the device signs with the key whose public half is in its certificate',
    severity: always('error'),
    unless: ['key-type-signs-tls'],
    check: forLeaf((leaf, context) => {
      const { key } = context;
      return key === undefined || matchesKey(leaf, key) ? undefined : mismatch(context, key);
    }),
  },
  {
    name: 'key-file-permissions',
    checks: 'Other users of the machine can neither read nor change the key file (POSIX).',
    source: 'Common practice (OpenSSH, openssl): a private key is readable by its owner alone',
    severity: always('warning'),
    check: ({ keyMode, keyOrigin }) => {
      if (keyMode === undefined || (keyMode & 0o006) === 0) return [];
      return [
        {
          message: `${keyOrigin.subject} may be read or changed by every user of this machine (mode ${keyMode.toString(8)}).`,
          remedy: `chmod 600 ${keyOrigin.word}`,
        },
      ];
    },
  },
];

function mismatch(context: LeafContext, key: NonNullable<LeafContext['key']>): RuleFinding {
  const { certificates, certificateOrigin, keyOrigin } = context;
  const { leaf, path, unlinked } = certificates;
  const owner = [...path, ...unlinked].find((facts) => matchesKey(facts, key));
  const [ofLeaf, ofKey] = [describeKey(leaf.publicKey), describeKey(key)];
  const difference =
    owner !== undefined
      ? `it is the key of ${displayName(owner.subject)}, an authority above the device`
      : ofLeaf === ofKey
        ? `both are ${ofLeaf}, but of different pairs`
        : `the certificate holds ${ofLeaf}, the private key is ${ofKey}`;
  return {
    message: `The private key in ${keyOrigin.label} does not belong to the device certificate of ${displayName(leaf.subject)} in ${certificateOrigin.label}: ${difference}.`,
    remedy:
      'Find the pair, whose public keys are the same: ' +
      `openssl x509 -in ${certificateOrigin.word} -noout -pubkey; openssl pkey -in ${keyOrigin.word} -pubout`,
  };
}

/**
 * Tells whether the certificate verifies what the key signs. A damaged key may have the right public half, which is what
 * {@link matchesKey} compares.
 */
function signsFor({ publicKey }: CertificateFacts, key: KeyObject): boolean {
  const hash = key.asymmetricKeyType?.startsWith('ed') === true ? null : 'sha256';
  const challenge = randomBytes(32);
  try {
    return publicKey !== undefined && verify(hash, challenge, publicKey, sign(hash, challenge, key));
  } catch {
    return false;
  }
}

/** The test of the credentials by OpenSSL itself. It runs only if no other rule found an error. */
export function tlsRule(unless: readonly string[]): Rule {
  return {
    name: 'tls-accepts-credentials',
    checks:
      'OpenSSL loads certificate, chain and key, and the key signs for the certificate; asked when no other rule found an error.',
    source: 'node:tls: OpenSSL loads certificate, chain and key as it does for every connection',
    severity: always('error'),
    unless,
    check: forLeaf((leaf, context) => {
      const { certificates, key, certificateOrigin, keyOrigin } = context;
      if (key === undefined) return undefined;
      if (!signsFor(leaf, key))
        return {
          message: `The private key in ${keyOrigin.label} is damaged: its public half belongs to the certificate, but the certificate does not verify what the key signs.`,
          remedy: `Copy the key again from where it was made, or: ${newCertificate(context)}`,
        };
      const cert = [leaf, ...certificates.chain].map(({ x509 }) => x509.toString()).join('');
      try {
        // With `ca`, node:tls does not load its list of roots, which takes longer than all other rules.
        createSecureContext({
          cert,
          key: key.export({ type: 'pkcs8', format: 'pem' }),
          ca: leaf.x509.toString(),
        });
        return undefined;
      } catch (error) {
        const code = (error as NodeJS.ErrnoException | undefined)?.code ?? 'without a code';
        return {
          message: `OpenSSL refuses to present the certificate in ${certificateOrigin.label} in TLS (${code}).`,
          remedy: newCertificate(context),
        };
      }
    }),
  };
}
