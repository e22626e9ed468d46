/* eslint-disable @typescript-eslint/no-require-imports --
   Programs import the package without using it yet, or ever: to print their help, in tests. What a call needs is loaded at
   its first use. `require` is the one way to do so that works from CommonJS, from bundlers and under Jest alike. */
import type * as Connecting from './connection/connect-with';
import type * as Credentials from './credentials';
import type * as Pkcs12 from './credentials/reading/pkcs12';
import type * as Provisioning from './provisioning/provision-with';
import type * as ServiceCodes from './service-codes';
import type * as Uploads from './uploads/file-uploads';

/** What stands behind the public functions, and behind what most devices never need. */
export const load = {
  connecting: () => require('./connection/connect-with') as typeof Connecting,
  credentials: () => require('./credentials') as typeof Credentials,
  pkcs12: () => require('./credentials/reading/pkcs12') as typeof Pkcs12,
  serviceCodes: () => require('./service-codes') as typeof ServiceCodes,
  uploads: () => require('./uploads/file-uploads') as typeof Uploads,
  provisioning: () => require('./provisioning/provision-with') as typeof Provisioning,
};
