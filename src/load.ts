/* eslint-disable @typescript-eslint/no-require-imports --
   Programs import the package without using it yet, or ever: to print their help, in tests. What a call needs is loaded at
   its first use. `require` is the one way to do so that works from CommonJS, from bundlers and under Jest alike. */
import type * as Connecting from './connection/connect-with';
import type * as Credentials from './credentials';
import type * as Provisioning from './provisioning/provision-with';

/** What stands behind the public functions. */
export const load = {
  connecting: () => require('./connection/connect-with') as typeof Connecting,
  credentials: () => require('./credentials') as typeof Credentials,
  provisioning: () => require('./provisioning/provision-with') as typeof Provisioning,
};
