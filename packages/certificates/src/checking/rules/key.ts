import type { KeyObject } from 'node:crypto';
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
const TLS_KEY_TYPES: ReadonlySet<string> = new Set(['rsa', 'rsa-pss', 'ec', 'ed25519', 'ed448']);

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

/** Tells whether keys of this kind are known to work with Azure. */
function isProven({ asymmetricKeyType, asymmetricKeyDetails }: KeyObject): boolean {
  if (asymmetricKeyType === 'rsa') return true;
  return asymmetricKeyType === 'ec' && CURVES[asymmetricKeyDetails?.namedCurve ?? ''] !== undefined;
}

function weakSignatures(
  certificates: readonly CertificateFacts[],
  context: LeafContext,
  verdict: string,
): readonly RuleFinding[] {
  return certificates.flatMap(({ signatureAlgorithm, subject }) => {
    const name = WEAK_SIGNATURES[signatureAlgorithm];
    if (name === undefined) return [];
    return [
      {
        message: `The certificate of ${displayName(subject)} is signed using ${name}, ${verdict}.`,
        remedy: `Sign with SHA-256 (-sha256). ${newCertificate(context)}`,
      },
    ];
  });
}

/** The rules for the kind of key and for signature algorithms. */
export const ALGORITHM_RULES: readonly Rule[] = [
  {
    name: 'key-type-signs-tls',
    checks:
      'The key is of a type that can sign a TLS handshake: RSA, EC, Ed25519 or Ed448, not X25519 or DSA.',
    source: 'RFC 5246 and RFC 8446: a client certificate must hold a key that can sign the handshake',
    severity: always('error'),
    check: (context) => {
      const { certificates, key, keyOrigin, certificateOrigin } = context;
      const judged = certificates === undefined ? key : certificates.leaf.publicKey;
      if (certificates === undefined && key === undefined) return [];
      if (TLS_KEY_TYPES.has(judged?.asymmetricKeyType ?? '')) return [];
      const origin = certificates === undefined ? keyOrigin : certificateOrigin;
      return [
        {
          message: `The key in ${origin.label} is ${describeKey(judged)}, which cannot sign a TLS handshake.`,
          remedy:
            'Use an RSA or EC key, and have a certificate made for it: openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out device-new.key',
        },
      ];
    },
  },
  {
    name: 'key-type-proven-with-azure',
    checks: 'The key is RSA, or EC on P-256, P-384 or P-521.',
    source:
      'Azure IoT Hub, "TLS support": RSA and ECC certificates; suites with ECDSA and RSA; Windows TLS stack',
    severity: always('warning'),
    unless: ['key-type-signs-tls'],
    check: forLeaf((leaf, context) => {
      if (leaf.publicKey === undefined || isProven(leaf.publicKey)) return undefined;
      return {
        message: `The certificate in ${context.certificateOrigin.label} holds ${describeKey(leaf.publicKey)}; only RSA and EC on P-256, P-384 or P-521 are known to work with Azure.`,
        remedy: `If the handshake fails, change the key. ${newCertificate(context)}`,
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

/** The test of the credentials by OpenSSL itself. It runs only if no other rule found an error. */
export function tlsRule(unless: readonly string[]): Rule {
  return {
    name: 'tls-accepts-credentials',
    checks: 'OpenSSL loads certificate, chain and key; asked when no other rule found an error.',
    source: 'node:tls: OpenSSL loads certificate, chain and key as it does for every connection',
    severity: always('error'),
    unless,
    check: forLeaf((leaf, { certificates, key, certificateOrigin }) => {
      if (key === undefined) return undefined;
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
          remedy: 'Make a new key and certificate (EC P-256, signed with SHA-256).',
        };
      }
    }),
  };
}
