import { displayName } from '../../reading/certificate';
import { DAY_MS, instant, list, span } from '../../text';
import { always, attestsLeaf, byAttestation, forLeaf, newCertificate, place, type Rule } from './rule';

const DPS_X509 = 'Azure DPS, "X.509 certificate attestation"';

/** The rules for the kind of certificate. */
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
      const hasIssuer = certificates.path.length > 1;
      if (!leaf.selfIssued || leaf.selfSigned || hasIssuer) return undefined;
      return {
        message: `The certificate in ${certificateOrigin.label} names itself (${displayName(leaf.subject)}) as its issuer, but its signature was not made with its own key: it is damaged, or an authority of the same name issued it.`,
        remedy: `Compare its thumbprint with the one in ${place(context)}: azure-iot-x509 cert show ${certificateOrigin.word}`,
      };
    }),
  },
];

/** The number of days before its end in which a certificate is reported. */
export const EXPIRY_WARNING_DAYS = 30;

/** An earlier time than that of this program: the clock has not been set since the machine started. */
const PLAUSIBLE_MS = Date.UTC(2025, 0);
const VALIDITY = 'RFC 5280 section 4.1.2.5: a certificate is valid from notBefore to notAfter';

/** The rules for the validity of the leaf, judged by the clock of this machine. */
export const VALIDITY_RULES: readonly Rule[] = [
  {
    name: 'certificate-already-valid',
    checks: 'The device certificate is valid already, by the clock of this machine.',
    source: VALIDITY,
    severity: always('error'),
    check: forLeaf((leaf, context) => {
      const { now, certificateOrigin } = context;
      const wait = leaf.notBefore.getTime() - now.getTime();
      if (!(wait > 0)) return undefined;
      const start = `The certificate of ${displayName(leaf.subject)} in ${certificateOrigin.label} is valid from ${instant(leaf.notBefore)}`;
      if (now.getTime() < PLAUSIBLE_MS)
        return {
          message: `${start}; the clock of this machine says ${instant(now)} and is not set.`,
          remedy: 'Set the clock (date -u; timedatectl status), or wait until the time service has set it.',
          isTransient: true,
        };
      return {
        message: `${start}, in ${span(wait)}; the clock of this machine says ${instant(now)}.`,
        remedy: `Set the clock if it is slow (date -u; timedatectl status). Otherwise wait, or: ${newCertificate(context)}`,
        isTransient: true,
      };
    }),
  },
  {
    name: 'certificate-not-expired',
    checks: 'The device certificate has not expired.',
    source: VALIDITY,
    severity: always('error'),
    unless: ['certificate-already-valid'],
    check: forLeaf((leaf, context) => {
      const { now, certificateOrigin } = context;
      const passed = now.getTime() - leaf.notAfter.getTime();
      if (!(passed > 0)) return undefined;
      return {
        message: `The certificate of ${displayName(leaf.subject)} in ${certificateOrigin.label} expired at ${instant(leaf.notAfter)}, ${span(passed)} ago; the clock of this machine says ${instant(now)}.`,
        remedy: `${newCertificate(context)} If the clock is wrong, set it (date -u; timedatectl status).`,
      };
    }),
  },
  {
    name: 'certificate-not-expiring-soon',
    checks: 'The device certificate is valid for 30 more days.',
    source: 'Azure DPS, "How to roll X.509 device certificates": replace a certificate before it expires',
    severity: always('warning'),
    unless: ['certificate-not-expired', 'certificate-already-valid'],
    check: forLeaf((leaf, context) => {
      const { now, certificateOrigin } = context;
      const left = leaf.notAfter.getTime() - now.getTime();
      if (!(left >= 0 && left < EXPIRY_WARNING_DAYS * DAY_MS)) return undefined;
      return {
        message: `The certificate of ${displayName(leaf.subject)} in ${certificateOrigin.label} expires at ${instant(leaf.notAfter)}, in ${span(left)}; the clock of this machine says ${instant(now)}.`,
        remedy: newCertificate(context),
      };
    }),
  },
];

/** The purpose of TLS clients. */
export const CLIENT_AUTH = '1.3.6.1.5.5.7.3.2';
/** The purpose anyExtendedKeyUsage. */
export const ANY_PURPOSE = '2.5.29.37.0';
const DIGITAL_SIGNATURE = 0;

/** The purposes of the extended key usage, by object identifier. */
export const PURPOSES: Readonly<Record<string, string>> = {
  '1.3.6.1.5.5.7.3.1': 'serverAuth',
  [CLIENT_AUTH]: 'clientAuth',
  '1.3.6.1.5.5.7.3.3': 'codeSigning',
  '1.3.6.1.5.5.7.3.4': 'emailProtection',
  '1.3.6.1.5.5.7.3.8': 'timeStamping',
  '1.3.6.1.5.5.7.3.9': 'OCSPSigning',
};

/** The bits of the key usage, in their order. */
export const KEY_USAGES = [
  'digitalSignature',
  'nonRepudiation',
  'keyEncipherment',
  'dataEncipherment',
  'keyAgreement',
  'keyCertSign',
  'cRLSign',
  'encipherOnly',
  'decipherOnly',
] as const;

/** The rules for the purposes of the certificate. Azure does not document that it checks them: they are warnings. */
export const USAGE_RULES: readonly Rule[] = [
  {
    name: 'extended-key-usage-client',
    checks: 'Extended key usage, where present, has clientAuth.',
    source: 'RFC 5280 section 4.2.1.12; the certificates in Azure IoT tutorials carry clientAuth',
    severity: always('warning'),
    unless: ['leaf-is-no-authority'],
    check: forLeaf((leaf, context) => {
      const purposes = leaf.extendedKeyUsage;
      if (purposes === undefined || purposes.includes(CLIENT_AUTH) || purposes.includes(ANY_PURPOSE))
        return undefined;
      const names = list(purposes.slice(0, 10).map((oid) => PURPOSES[oid] ?? oid));
      return {
        message: `The certificate in ${context.certificateOrigin.label} is for ${names === '' ? 'no purpose' : names} only (extended key usage), not for clientAuth; TLS servers may refuse it.`,
        remedy: `Issue it with extendedKeyUsage clientAuth, or without the extension. ${newCertificate(context)}`,
      };
    }),
  },
  {
    name: 'key-usage-signature',
    checks: 'Key usage, where present, has digitalSignature.',
    source: 'RFC 5280 section 4.2.1.3; RFC 8446 section 4.4.2.2: the key signs the handshake',
    severity: always('warning'),
    unless: ['leaf-is-no-authority'],
    check: forLeaf((leaf, context) => {
      const bits = leaf.keyUsage;
      if (bits === undefined || bits.has(DIGITAL_SIGNATURE)) return undefined;
      const names = list([...bits].map((bit) => KEY_USAGES[bit] ?? `bit ${bit}`));
      return {
        message: `The key of the certificate in ${context.certificateOrigin.label} is for ${names === '' ? 'nothing' : names} only (key usage), not for digitalSignature; TLS servers may refuse it.`,
        remedy: `Issue it with keyUsage = critical, digitalSignature, or without the extension. ${newCertificate(context)}`,
      };
    }),
  },
];
