import {
  displayName,
  isValidAt,
  mayIssue,
  verifies,
  type CertificateFacts,
  type NameAttribute,
} from '../../reading/certificate';
import { authoritiesBelow } from '../../reading/chain';
import type { Origin } from '../../reading/source';
import { count, instant, list } from '../../text';
import { EXPIRY_WARNING_DAYS } from './leaf';
import {
  attestsLeaf,
  byAttestation,
  forLeaf,
  place,
  type LeafContext,
  type Rule,
  type RuleContext,
  type RuleFinding,
  unlessWrongCertificate,
} from './rule';

const DPS_CHAIN =
  'Azure DPS, "X.509 certificate attestation": the device presents every certificate up to one that is verified';
const PATH = 'RFC 5280 section 6.1: certification path validation';
const GROUPS_ERROR = byAttestation('off', 'error');

/** Each certificate with its issuer, from the leaf up to the root if it was given. */
function links({ certificates }: LeafContext): (readonly [CertificateFacts, CertificateFacts])[] {
  const { leaf, path } = certificates;
  return path.slice(1).map((issuer, index) => [path[index] ?? leaf, issuer] as const);
}

function forEachLink(
  check: (child: CertificateFacts, issuer: CertificateFacts, context: RuleContext) => RuleFinding | undefined,
): Rule['check'] {
  return forLeaf((_, context) =>
    links(context).flatMap(([child, issuer]) => check(child, issuer, context) ?? []),
  );
}

/** The intermediates of the best path. */
function intermediates({ certificates }: LeafContext): readonly CertificateFacts[] {
  return certificates.path.slice(1).filter(({ selfSigned }) => !selfSigned);
}

/** The finding if an intermediate is not valid now or, with `soon`, if it is valid but expires soon. */
function validityFinding(
  facts: CertificateFacts,
  { now, chainOrigin }: RuleContext,
  soon: boolean,
): RuleFinding | undefined {
  const left = facts.notAfter.getTime() - now.getTime();
  const early = facts.notBefore.getTime() > now.getTime();
  const bad = early || left < 0;
  if (soon ? bad || left >= EXPIRY_WARNING_DAYS * 86_400_000 : !bad) return undefined;
  const what = early
    ? `is valid from ${instant(facts.notBefore)}`
    : `${left < 0 ? 'expired' : 'expires'} at ${instant(facts.notAfter)}`;
  return {
    message: `The intermediate certificate of ${displayName(facts.subject)} ${what}; the clock of this machine says ${instant(now)}.`,
    remedy: `Get its renewed certificate from ${displayName(facts.issuer)}, and put it into ${chainOrigin.label} in place of this one.`,
  };
}

/** The way to add the certificate of an authority to the chain. */
function addCertificate(chainOrigin: Origin, authority: readonly NameAttribute[]): string {
  const add =
    chainOrigin.path === undefined
      ? `append its certificate to ${chainOrigin.label}`
      : `save its certificate as ISSUER.crt and append it: cat ISSUER.crt >> ${chainOrigin.word}`;
  return `Get the certificate of ${displayName(authority)} from whoever runs it; ${add}.`;
}

/** The authorities that lie on no path: one of them may stand above a missing certificate. */
function strangersOf({ unlinked }: LeafContext['certificates']): readonly CertificateFacts[] {
  return unlinked.filter(({ basicConstraints, selfSigned }) => basicConstraints?.ca ?? selfSigned);
}

function namesOf(certificates: readonly CertificateFacts[]): string {
  return list(certificates.slice(0, 5).map(({ subject }) => displayName(subject)));
}

/** Tells whether the other is a later certificate of the same authority, from the same issuer. */
function isRenewed(facts: CertificateFacts, other: CertificateFacts): boolean {
  return (
    other.notAfter > facts.notAfter &&
    other.subjectKey === facts.subjectKey &&
    other.issuerKey === facts.issuerKey &&
    other.publicKey !== undefined &&
    facts.publicKey?.equals(other.publicKey) === true
  );
}

/** The rules for the chain from the leaf to the enrolled authority. */
const PATH_RULES: readonly Rule[] = [
  {
    name: 'chain-without-gap',
    checks: 'Every given certificate is part of one chain from the leaf up.',
    source: DPS_CHAIN,
    severity: GROUPS_ERROR,
    check: forLeaf((leaf, { certificates, complete, chainOrigin }) => {
      const { path, roots } = certificates;
      const strangers = strangersOf(certificates);
      // A path that ends at a root has no gap. A certificate that is no authority closes none.
      if (strangers.length === 0 || roots.length > 0 || !complete) return undefined;
      const top = path.at(-1) ?? leaf;
      const names = namesOf(strangers);
      return {
        message: `The chain in ${chainOrigin.label} has a gap: ${names} issued none of the certificates below. The certificate of ${displayName(top.issuer)}, which issued ${displayName(top.subject)}, is missing.`,
        remedy: `${addCertificate(chainOrigin, top.issuer)} If ${displayName(top.issuer)} itself is enrolled, remove the certificate of ${names} instead.`,
      };
    }),
  },
  {
    name: 'chain-signatures',
    checks: 'Each certificate is signed with the key of the one above it.',
    source: PATH,
    severity: GROUPS_ERROR,
    check: forEachLink((child, issuer, { chainOrigin }) => {
      if (verifies(child.x509, issuer.publicKey)) return undefined;
      return {
        message: `The certificate of ${displayName(child.subject)} was not signed with the key of the given ${displayName(issuer.subject)}: the name is the issuer's, the key is another one.`,
        remedy: `Give the certificate that the authority had when it signed; one that was made again under the same name has a new key. See what the file holds: azure-iot-x509 cert show ${chainOrigin.word}`,
      };
    }),
  },
  {
    name: 'chain-of-authorities',
    checks: 'Each certificate above the leaf may issue certificates (CA:TRUE, keyCertSign).',
    source: `${PATH}: an issuer has basicConstraints CA:TRUE and, where it has key usage, keyCertSign`,
    severity: GROUPS_ERROR,
    check: forEachLink((child, issuer) => {
      if (mayIssue(issuer)) return undefined;
      const isAuthority = issuer.basicConstraints?.ca ?? issuer.selfSigned;
      const lack = isAuthority
        ? 'its key usage lacks keyCertSign'
        : 'it is not a certificate authority (no CA:TRUE)';
      return {
        message: `${displayName(issuer.subject)} issued the certificate of ${displayName(child.subject)}, but may not: ${lack}.`,
        remedy: `Issue the certificate of ${displayName(child.subject)} with a certificate authority, as azure-iot-x509 cert intermediate or cert root makes one: basicConstraints CA:TRUE and, where it has key usage, keyCertSign.`,
      };
    }),
  },
  {
    name: 'chain-path-length',
    checks: 'No authority has more authorities below it than its pathlen allows.',
    source: `${PATH}: pathLenConstraint limits the authorities below`,
    severity: GROUPS_ERROR,
    check: forLeaf((_, { certificates: { path } }) =>
      path.slice(1).flatMap((issuer, index) => {
        const allowed = issuer.basicConstraints?.pathLength;
        const below = authoritiesBelow(path, index + 1);
        if (allowed === undefined || below <= allowed) return [];
        return [
          {
            message: `${displayName(issuer.subject)} allows ${count(allowed, 'authority').replace('authoritys', 'authorities')} below it (pathlen:${allowed}), but ${below} are there.`,
            remedy:
              'Issue the device certificate from a higher authority, or make the authority again with a larger path length (--path-length of azure-iot-x509 cert intermediate).',
          },
        ];
      }),
    ),
  },
  {
    name: 'chain-valid-now',
    checks: 'Every intermediate of one path is valid now.',
    source: PATH,
    severity: GROUPS_ERROR,
    unless: ['certificate-already-valid'],
    check: forLeaf((_, context) =>
      intermediates(context).flatMap((facts) => validityFinding(facts, context, false) ?? []),
    ),
  },
  {
    name: 'chain-not-expiring-soon',
    checks: 'Every intermediate is valid for 30 more days, or sent with its renewed certificate.',
    source: PATH,
    severity: byAttestation('off', 'warning'),
    check: forLeaf((_, context) => {
      const { certificates, now } = context;
      const onPath = intermediates(context);
      return certificates.chain.flatMap((facts) => {
        if (certificates.chain.some((other) => isRenewed(facts, other) && isValidAt(other, now))) return [];
        const ended = onPath.includes(facts) ? undefined : validityFinding(facts, context, false);
        return ended ?? validityFinding(facts, context, true) ?? [];
      });
    }),
  },
  {
    name: 'chain-reaches-enrolled-authority',
    checks:
      'At least one intermediate is given; without one, the issuer of the leaf itself must be enrolled.',
    source: `${DPS_CHAIN}; the verified one itself need not be sent`,
    severity: byAttestation('off', 'info'),
    unless: ['chain-without-gap'],
    check: forLeaf((leaf, context) => {
      if (context.certificates.path.length > 1 || !context.complete) return undefined;
      return {
        message: `The device certificate is sent without a chain; this works when the enrolled authority is ${displayName(leaf.issuer)} itself.`,
        remedy: `Check it in ${place(context)}. If an authority above is enrolled: ${addCertificate(context.chainOrigin, leaf.issuer)}`,
      };
    }),
  },
];

/** The rules for certificates that are not needed. */
const SURPLUS_RULES: readonly Rule[] = [
  {
    name: 'chain-not-needed',
    checks: 'An individual enrollment is given no chain, which it does not need.',
    source: `${DPS_CHAIN}; an individual enrollment holds the leaf itself`,
    severity: byAttestation('info', 'off'),
    check: forLeaf((_, context) => {
      const { chain, roots, unlinked } = context.certificates;
      const given = chain.length + unlinked.length + roots.length;
      if (given === 0 || !attestsLeaf(context)) return undefined;
      const sent =
        chain.length === 0
          ? 'none of them is sent'
          : `${chain.length} of them ${chain.length === 1 ? 'is' : 'are'} sent`;
      return {
        message: `${count(given, 'certificate')} beside the device certificate ${given === 1 ? 'was' : 'were'} given; an individual enrollment needs none (${sent}).`,
        remedy: 'Nothing needs to be done; the device certificate alone is enough.',
      };
    }),
  },
  {
    name: 'chain-root-not-sent',
    checks: 'The self-signed root is not among the certificates; it is not sent.',
    source: 'RFC 8446 section 4.4.2: the self-signed root may be left out, since the server has it',
    severity: byAttestation('off', 'info'),
    check: forLeaf((_, { certificates: { roots } }) =>
      roots.map((root) => ({
        message: `The self-signed root ${displayName(root.subject)} is not sent; Azure has it when it is enrolled.`,
        remedy: 'Nothing needs to be done.',
      })),
    ),
  },
  {
    name: 'chain-without-strangers',
    checks: 'Every given certificate lies on a path from the leaf up; others are not sent.',
    source: DPS_CHAIN,
    severity: byAttestation('off', 'info'),
    unless: ['chain-without-gap'],
    check: forLeaf((_, { certificates: { unlinked } }) => {
      if (unlinked.length === 0) return undefined;
      return {
        message: `${namesOf(unlinked)} issued none of the certificates below and ${unlinked.length === 1 ? 'is' : 'are'} not sent.`,
        remedy: 'Nothing needs to be done.',
      };
    }),
  },
  {
    name: 'chain-in-order',
    checks: 'The certificates are given leaf first, each once; otherwise they are put in order.',
    source: 'RFC 5246 section 7.4.2: leaf first, each certificate followed by its issuer, each of them once',
    severity: byAttestation('info', 'info'),
    check: forLeaf((leaf, { certificates: { chain, reordered, duplicates } }) => {
      if (!reordered && duplicates === 0) return undefined;
      const order = [leaf, ...chain].map(({ subject }) => displayName(subject)).join(', ');
      const what = reordered
        ? 'were given in another order'
        : `were given with ${count(duplicates, 'duplicate')}`;
      return {
        message: `The certificates ${what}; they are sent as ${order}.`,
        remedy: 'Nothing needs to be done.',
      };
    }),
  },
];

/** The rules for all certificates but the leaf. */
export const CHAIN_RULES = [...unlessWrongCertificate(PATH_RULES), ...SURPLUS_RULES];
