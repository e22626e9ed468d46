import { constants } from 'node:crypto';
import { createSecureContext, type SecureContext } from 'node:tls';

/** A server's certificate (with its chain) and key, as PEM. */
export interface ServerCredentials {
  readonly certificate: string;
  readonly privateKey: string;
}

/** The TLS settings of a server with these credentials. */
export function serverContext({ certificate, privateKey }: ServerCredentials): SecureContext {
  return createSecureContext({
    cert: certificate,
    key: privateKey,
    minVersion: 'TLSv1.2',
    // No `ca`: a CA known here would complete chains that the device did not send. No tickets: the server sees
    // nothing but the leaf on a resumed session, and a device with an intermediate would be refused.
    secureOptions: constants.SSL_OP_NO_TICKET,
    sessionIdContext: 'azure-iot-x509',
  });
}
