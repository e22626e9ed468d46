import { ENROLLMENTS, type EnrollmentKind } from '../../enrollment';
import {
  displayName,
  subjectArgument,
  type CertificateFacts,
  type NameAttribute,
} from '../../reading/certificate';
import { besides, type Origin } from '../../reading/source';
import { shellWord } from '../../text';

const MAX_LENGTH = 64;

/** The credentials that the new certificate replaces. */
interface Replaced {
  readonly enrollment: EnrollmentKind;
  readonly registrationId: string | undefined;
  readonly certificates: { readonly leaf: CertificateFacts };
  readonly certificateOrigin: Origin;
}

/** The name, or a similar one that follows the rules for registration IDs of this kind of enrollment. */
function properName(name: string, { enrollment }: Replaced): string {
  const { foreignToId } = ENROLLMENTS[enrollment];
  const isProper = name.match(foreignToId) === null && /^.{0,63}[A-Za-z0-9-]$/.test(name);
  if (isProper) return name;
  const plain = name.normalize('NFKD').replace(/\p{M}/gu, '');
  const proper = plain
    .replace(foreignToId, '-')
    .replace(/-{2,}/g, '-')
    .replace(/^[^A-Za-z0-9]+/, '')
    .slice(0, MAX_LENGTH)
    .replace(/[^A-Za-z0-9]+$/, '');
  // The ID has to change anyway: DPS does not tell upper from lower case, IoT Hub does.
  return proper.toLowerCase() || 'device-1';
}

const OPENSSL_KEY = '-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes';
const EXTENSIONS =
  '-addext basicConstraints=critical,CA:FALSE -addext keyUsage=critical,digitalSignature -addext extendedKeyUsage=clientAuth';

/**
 * The commands for a new device certificate with this common name, in new files beside that of the reader, and the place
 * to enroll it: ours first, then those of openssl.
 */
export function newCertificate(context: Replaced, commonName?: string): string {
  const { certificates, certificateOrigin } = context;
  const { leaf } = certificates;
  const name = properName(commonName ?? leaf.commonNames[0] ?? context.registrationId ?? 'device-1', context);
  const { directory, stem } = besides(certificateOrigin, name);
  const file = (extension: string): string => shellWord(`${directory}${stem}-new${extension}`);
  const { attests, place } = ENROLLMENTS[context.enrollment];
  const isSelfSigned = attests === 'leaf' && leaf.selfIssued;
  const { fields, areInherited } = fieldsFor(context);
  const ours = [
    'azure-iot-x509 cert device --cn',
    shellWord(name),
    ...(name === name.toLowerCase() ? [] : ['--keep-case']),
    ...(isSelfSigned ? [] : ['--ca CA.crt --ca-key CA.key']),
    ...(areInherited ? [] : ['--subject', shellWord(subjectArgument(fields))]),
    `--out ${shellWord(directory === '' ? '.' : directory)} --name ${shellWord(`${stem}-new`)}`,
  ].join(' ');
  const full = shellWord(subjectArgument(fields, name));
  const request = `${OPENSSL_KEY} -keyout ${file('.key')} -subj ${full} ${EXTENSIONS}`;
  const enroll = `upload ${file('.crt')} in ${place}`;
  if (isSelfSigned) {
    const openssl = `openssl req -x509 ${request} -sha256 -days 365 -out ${file('.crt')}`;
    return `Make a new certificate: ${ours}; then use its files, and ${enroll}. The same with openssl: ${openssl}`;
  }
  const openssl =
    `openssl req -new ${request} -out ${file('.csr')}; ` +
    `openssl x509 -req -in ${file('.csr')} -CA CA.crt -CAkey CA.key -CAcreateserial -copy_extensions copy -days 365 -sha256 -out ${file('.crt')}`;
  const use = attests === 'leaf' ? `then use its files, and ${enroll}` : 'then use the files that it names';
  return `Have the certificate authority (${displayName(leaf.issuer)}) issue a new certificate with its own CA.crt and CA.key: ${ours}; ${use}. The same with openssl: ${openssl}`;
}

/** The attributes that our command takes, by object identifier. */
const FIELDS: ReadonlySet<string> = new Set([
  '2.5.4.5',
  '2.5.4.6',
  '2.5.4.7',
  '2.5.4.8',
  '2.5.4.10',
  '2.5.4.11',
]);

/** The attributes besides the common name: those of the leaf, or else those of its issuer, which our command copies. */
function fieldsFor({ certificates: { leaf } }: Replaced): {
  readonly fields: readonly NameAttribute[];
  readonly areInherited: boolean;
} {
  const known = (name: readonly NameAttribute[]): readonly NameAttribute[] =>
    name.filter(
      ({ type, value }, index) =>
        FIELDS.has(type) && value.trim() !== '' && name.findIndex((other) => other.type === type) === index,
    );
  const own = known(leaf.subject);
  if (own.length > 0) return { fields: own, areInherited: false };
  const inherited = known(leaf.issuer);
  return inherited.length > 0
    ? { fields: inherited, areInherited: true }
    : { fields: [{ type: '2.5.4.10', value: 'YOUR ORGANIZATION' }], areInherited: false };
}
