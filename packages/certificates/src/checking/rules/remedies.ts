import { ENROLLMENTS } from '../../enrollment';
import { subjectArgument } from '../../reading/name';
import { shellWord } from '../../text';
import { attestsLeaf, type LeafContext, type RuleContext } from './rule';

/** A key of its own for each certificate, and a file that does not exist yet: nothing that is in use is overwritten. */
const NEW_KEY = '-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout device-new.key';
const EXTENSIONS =
  '-addext basicConstraints=critical,CA:FALSE -addext keyUsage=critical,digitalSignature -addext extendedKeyUsage=clientAuth';

/** How to get a new device certificate with this common name, and where to enrol it when the leaf is what is enrolled. */
export function newCertificate(context: LeafContext, commonName?: string): string {
  const { leaf } = context.certificates;
  const name = commonName ?? leaf.commonNames[0] ?? context.registrationId ?? 'device-1';
  const subject = shellWord(subjectArgument(leaf.subject, name));
  const use = 'Then use device-new.crt and device-new.key';
  if (attestsLeaf(context) && leaf.selfIssued) {
    return `Make a new certificate: openssl req -x509 ${NEW_KEY} -sha256 -days 365 -subj ${subject} ${EXTENSIONS} -out device-new.crt. ${use}, ${enrol(context)}`;
  }
  const signed =
    `Have the certificate authority issue a new certificate: openssl req -new ${NEW_KEY} -subj ${subject} ${EXTENSIONS} -out device-new.csr; ` +
    `openssl x509 -req -in device-new.csr -CA ca.crt -CAkey ca-private-key.pem -CAcreateserial -copy_extensions copy -days 365 -sha256 -out device-new.crt. ${use}`;
  return attestsLeaf(context) ? `${signed}, ${enrol(context)}` : `${signed}, followed by the intermediates.`;
}

/** Where the person puts a new leaf. */
function enrol(context: RuleContext): string {
  return `and upload device-new.crt in ${ENROLLMENTS[context.enrollment].place}.`;
}

/** Where the person sees what is enrolled. */
export function place(context: RuleContext): string {
  return ENROLLMENTS[context.enrollment].place;
}
