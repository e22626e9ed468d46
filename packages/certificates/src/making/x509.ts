/* eslint-disable @typescript-eslint/no-require-imports --
   `require` loads late in CommonJS, bundlers and Jest alike. */
import type * as X509 from '@peculiar/x509';

export type { X509 };

/** `@peculiar/x509`, loaded by the first call: only making a certificate needs it. */
export function x509(): typeof X509 {
  // @peculiar/x509 builds on tsyringe, which refuses to load before the metadata polyfill.
  require('reflect-metadata');
  return require('@peculiar/x509') as typeof X509;
}
