import type { X509Certificate } from 'node:crypto';
import type { SubjectFields } from 'azure-iot-certificates';
import { UsageError } from '../usage-error';
import { inheritedSubject, parseSubject } from './subject';

const EXAMPLE = 'name the owner, e.g. --subject "O=Contoso".';

/**
 * The subject besides the CN: what the flag says, or else what the issuer's certificate says.
 *
 * @throws UsageError when there is nothing; the guides for the portals want a field besides the CN
 */
export function ownSubject(texts: readonly string[], issuer?: X509Certificate): SubjectFields {
  if (texts.length > 0) return parseSubject(texts);
  const inherited = issuer === undefined ? {} : inheritedSubject(issuer);
  if (Object.keys(inherited).length > 0) return inherited;
  throw new UsageError(
    issuer === undefined
      ? `--subject is missing: ${EXAMPLE}`
      : `--subject is missing, and the CA has no field besides its CN either: ${EXAMPLE}`,
  );
}
