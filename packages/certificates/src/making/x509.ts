/* eslint-disable @typescript-eslint/no-require-imports --
   Loading late works with `require` from CommonJS, bundlers and Jest alike. */
import type * as X509 from '@peculiar/x509';

export type { X509 };

/** `@peculiar/x509`, loaded when the first certificate is made: devices that only read certificates do without. */
export function x509(): typeof X509 {
  // @peculiar/x509 builds on tsyringe, which refuses to load before the metadata polyfill.
  require('reflect-metadata');
  return require('@peculiar/x509') as typeof X509;
}
