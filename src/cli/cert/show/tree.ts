import { verifies, type CertificateFacts } from 'azure-iot-certificates/internal';

/** A certificate with those that it signed. */
export interface Branch {
  readonly facts: CertificateFacts;
  readonly signed: readonly Branch[];
}

/** The certificates as trees. At the top are those that are self-signed or whose issuer is not among them. */
export function treesOf(certificates: readonly CertificateFacts[]): readonly Branch[] {
  const parents = new Map(certificates.map((facts) => [facts, parentOf(facts, certificates)]));
  const branch = (facts: CertificateFacts, above: readonly CertificateFacts[]): Branch => ({
    facts,
    signed: certificates
      .filter((candidate) => parents.get(candidate) === facts && !above.includes(candidate))
      .map((child) => branch(child, [...above, facts])),
  });
  return certificates.filter((facts) => parents.get(facts) === undefined).map((facts) => branch(facts, []));
}

/** The signer: a CA with the name of the issuer and a key that verifies the signature. */
function parentOf(
  facts: CertificateFacts,
  certificates: readonly CertificateFacts[],
): CertificateFacts | undefined {
  if (facts.selfSigned) return undefined;
  return certificates.find(
    (candidate) =>
      candidate !== facts &&
      candidate.subjectKey === facts.issuerKey &&
      candidate.basicConstraints?.ca === true &&
      verifies(facts.x509, candidate.publicKey),
  );
}

/** The trees in lines, each with its certificate. */
export function drawTrees(
  trees: readonly Branch[],
  label: (facts: CertificateFacts) => string,
): readonly string[] {
  return trees.flatMap((tree) => [label(tree.facts), ...drawSigned(tree, label, '')]);
}

function drawSigned(
  { signed }: Branch,
  label: (facts: CertificateFacts) => string,
  margin: string,
): readonly string[] {
  return signed.flatMap((child, index) => {
    const isLast = index === signed.length - 1;
    return [
      `${margin}${isLast ? '└─' : '├─'} ${label(child.facts)}`,
      ...drawSigned(child, label, `${margin}${isLast ? '  ' : '│ '} `),
    ];
  });
}
