import { ENROLLMENTS } from '../../enrollment';
import { subjectArgument } from '../name';
import { shellWord } from '../text';
import { attestsLeaf, type LeafContext, type RuleContext } from './rule';

/** How to get a new device certificate with this common name, and where to enrol it when the leaf is what is enrolled. */
export function newCertificate(
  context: LeafContext,
  commonName?: string,
  key = context.keyOrigin.word,
): string {
  const { leaf } = context.certificates;
  const name = commonName ?? leaf.commonNames[0] ?? context.registrationId ?? 'device-1';
  const subject = shellWord(subjectArgument(leaf.subject, name));
  const { word: certificate } = context.certificateOrigin;
  if (attestsLeaf(context) && leaf.selfIssued) {
    return `Make a new certificate: openssl req -x509 -new -key ${key} -sha256 -days 365 -subj ${subject} -out ${certificate}; ${enrol(context)}`;
  }
  const signed =
    `Have the certificate authority issue a new certificate: openssl req -new -key ${key} -subj ${subject} -out device.csr; ` +
    `openssl x509 -req -in device.csr -CA ca.crt -CAkey ca-private-key.pem -CAcreateserial -days 365 -sha256 -out ${certificate}`;
  return attestsLeaf(context) ? `${signed}; ${enrol(context)}` : signed;
}

/** Where the person puts a new leaf. */
function enrol(context: RuleContext): string {
  return `then upload it in ${ENROLLMENTS[context.enrollment].place}.`;
}

/** Where the person sees what is enrolled. */
export function place(context: RuleContext): string {
  return ENROLLMENTS[context.enrollment].place;
}
