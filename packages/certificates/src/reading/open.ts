import type { Document } from './document';
import type * as Pkcs12 from './pkcs12';

/**
 * Takes certificates and keys out of a PKCS#12 file (RFC 7292); other documents stay as they are. The reader of PKCS#12 is
 * loaded only for such a file, which few devices have.
 */
export function openDocument(document: Document, passphrase: string | undefined): Pkcs12.OpenedDocument {
  const isContainer = document.items.some(({ kind, damage }) => kind === 'pkcs12' && damage === undefined);
  if (!isContainer) return { document, finding: undefined };
  // eslint-disable-next-line @typescript-eslint/no-require-imports -- loads late in CommonJS, bundlers and Jest alike
  const { openPkcs12 } = require('./pkcs12') as typeof Pkcs12;
  return openPkcs12(document, passphrase);
}
