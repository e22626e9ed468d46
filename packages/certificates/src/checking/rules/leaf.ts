import { displayName } from '../../reading/name';
import { newCertificate, place } from './remedies';
import { attestsLeaf, always, byAttestation, forLeaf, type Rule } from './rule';

const DPS_X509 = 'Azure DPS, "X.509 certificate attestation"';

/** What kind of certificate the leaf is. */
export const LEAF_RULES: readonly Rule[] = [
  {
    name: 'leaf-is-no-authority',
    checks:
      'The device certificate is not a certificate authority (CA:TRUE). A self-signed one in an individual enrollment may be.',
    source: `${DPS_X509}: a device presents an end-entity certificate; self-signed ones that openssl req -x509 makes are marked as authorities and work in individual enrollments`,
    severity: byAttestation('warning', 'error'),
    check: forLeaf((leaf, context) => {
      if (leaf.basicConstraints?.ca !== true || (attestsLeaf(context) && leaf.selfSigned)) return undefined;
      const message = `The certificate of ${displayName(leaf.subject)} in ${context.certificateOrigin.label} is a certificate authority (CA:TRUE)${leaf.selfSigned ? ' and self-signed' : ''}, not a device certificate.`;
      const how = attestsLeaf(context)
        ? 'Enrol a device certificate instead.'
        : `An enrollment group needs a device certificate that its authority has signed; a self-signed one belongs into an individual enrollment.`;
      return { message, remedy: `${how} ${newCertificate(context, context.registrationId)}` };
    }),
  },
  {
    name: 'leaf-is-not-self-signed',
    checks: 'The device certificate of a group is signed by an authority, not by itself.',
    source: `${DPS_X509}: an enrollment group recognizes devices by the authority that signed their certificate`,
    severity: byAttestation('off', 'error'),
    unless: ['leaf-is-no-authority'],
    check: forLeaf((leaf, context) => {
      if (!leaf.selfSigned) return undefined;
      return {
        message: `The certificate of ${displayName(leaf.subject)} in ${context.certificateOrigin.label} is self-signed; no authority of an enrollment group can have signed it.`,
        remedy: `Either enrol this device individually, or: ${newCertificate(context)}`,
      };
    }),
  },
  {
    name: 'leaf-signature',
    checks: 'A certificate that names itself as its issuer is signed with its own key.',
    source: 'RFC 5280 section 4.1.1.3: the signature of a self-signed certificate verifies with its own key',
    severity: always('warning'),
    unless: ['leaf-is-no-authority'],
    check: forLeaf((leaf, context) => {
      const { certificates, certificateOrigin } = context;
      const hasIssuer = certificates.chain.length > 0 || certificates.root !== undefined;
      if (!leaf.selfIssued || leaf.selfSigned || hasIssuer) return undefined;
      return {
        message: `The certificate in ${certificateOrigin.label} names itself (${displayName(leaf.subject)}) as its issuer, but its signature was not made with its own key: it is damaged, or an authority of the same name issued it.`,
        remedy: `Compare its thumbprint with the one in ${place(context)}: openssl x509 -in ${certificateOrigin.word} -noout -fingerprint -sha256`,
      };
    }),
  },
];
