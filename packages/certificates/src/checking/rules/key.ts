import { createSecureContext } from 'node:tls';
import { matchesKey } from '../../reading/chain';
import { displayName } from '../../reading/name';
import { describeKey } from './algorithms';
import { always, forLeaf, type LeafContext, type Rule, type RuleFinding } from './rule';

/** The private key and its file. */
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
  const { leaf, chain, root, unlinked } = certificates;
  const owner = [...chain, ...(root === undefined ? [] : [root]), ...unlinked].find((facts) =>
    matchesKey(facts, key),
  );
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

/** What only OpenSSL itself can tell, asked when everything else is in order. */
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
        // With `ca`, node:tls does not load its list of roots, which takes longer than the rest.
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
