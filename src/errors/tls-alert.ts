import type { Explanation } from './errors';

/** What an alert says of the side that has received it. */
interface Alert {
  /** RFC 8446, section 6. */
  readonly number: number;
  /** The reason, as a sentence without a full stop; "it" is the server. */
  readonly meaning: string;
  readonly remedy: string;
  /** The server refuses the device, the two sides do not fit together, or the same handshake may succeed later. */
  readonly kind: 'certificate' | 'handshake' | 'passing';
}

const ENDPOINT =
  'Check the endpoint and its port, and that no proxy or firewall in between answers in its place.';
const LATER = 'Try again later. If it goes on, ask whoever runs the server to look into its log.';
const KEY_KINDS =
  'Use a certificate with an RSA key of 2048 bits or more, or an EC key on the curve P-256 or P-384.';

const certificate = (number: number, meaning: string, remedy: string): Alert => {
  return { number, meaning, remedy, kind: 'certificate' };
};
const handshake = (number: number, meaning: string, remedy = ENDPOINT): Alert => {
  return { number, meaning, remedy, kind: 'handshake' };
};
const passing = (number: number, meaning: string): Alert => {
  return { number, meaning, remedy: LATER, kind: 'passing' };
};

/** The alerts that OpenSSL reports, by the names in its error codes. */
const ALERTS: Readonly<Record<string, Alert>> = {
  UNEXPECTED_MESSAGE: handshake(10, 'it got a message that it did not expect'),
  BAD_RECORD_MAC: passing(20, 'data was changed on the way'),
  DECRYPTION_FAILED: passing(21, 'data was changed on the way'),
  RECORD_OVERFLOW: passing(22, 'data was changed on the way'),
  DECOMPRESSION_FAILURE: handshake(30, 'it could not read the data'),
  HANDSHAKE_FAILURE: certificate(
    40,
    'it does not take the certificate, or its kind of key or signature, or both sides have no cipher suite in common',
    `${KEY_KINDS} Check that the certificate is known to the server.`,
  ),
  NO_CERTIFICATE: certificate(
    41,
    'it got no certificate',
    'A proxy that opens TLS takes it away: connect past it.',
  ),
  BAD_CERTIFICATE: certificate(
    42,
    'the certificate cannot be read there, or has a signature that is wrong',
    'Check certificate, chain and key, and compare the certificate with the one that is enrolled.',
  ),
  UNSUPPORTED_CERTIFICATE: certificate(
    43,
    'the certificate is of a kind that it does not take: its key, or what it may be used for',
    `${KEY_KINDS} Its extended key usage must allow client authentication.`,
  ),
  CERTIFICATE_REVOKED: certificate(
    44,
    'the certificate was revoked',
    'Issue a new certificate and enroll it.',
  ),
  CERTIFICATE_EXPIRED: certificate(
    45,
    'the certificate has expired or is not valid yet, by the clock of the server',
    'Check the dates of the certificate and of its chain, and renew what has expired.',
  ),
  CERTIFICATE_UNKNOWN: certificate(
    46,
    'it cannot accept the certificate, for a reason that the alert does not tell',
    'Check certificate and chain, and that the server knows the certificate or its authority.',
  ),
  ILLEGAL_PARAMETER: handshake(47, 'a value of the handshake is not allowed there'),
  UNKNOWN_CA: certificate(
    48,
    'it does not know the certificate authority at the end of the chain that was sent',
    'Send every intermediate below the authority that the server knows (option chain or chainFile), or have the authority added there.',
  ),
  ACCESS_DENIED: certificate(
    49,
    'the certificate is in order, but the device may not connect',
    'Check that the device is enrolled and enabled.',
  ),
  DECODE_ERROR: handshake(50, 'it could not read a message of the handshake'),
  DECRYPT_ERROR: certificate(
    51,
    'the signature that was made with the key of the device could not be verified',
    `Check that the key belongs to the certificate. ${KEY_KINDS}`,
  ),
  EXPORT_RESTRICTION: handshake(60, 'it may not speak with this side'),
  PROTOCOL_VERSION: handshake(
    70,
    'both sides have no version of TLS in common',
    'Check that the endpoint speaks TLS 1.2 or 1.3 on this port, and that a proxy or firewall does not interfere.',
  ),
  INSUFFICIENT_SECURITY: handshake(
    71,
    'it requires stronger ciphers or keys than this side offers',
    `${KEY_KINDS} Check that no --tls-cipher-list of Node.js narrows the ciphers.`,
  ),
  INTERNAL_ERROR: passing(80, 'it had an error of its own'),
  INAPPROPRIATE_FALLBACK: handshake(86, 'this side offered an old version of TLS'),
  USER_CANCELLED: passing(90, 'it ended the handshake for a reason of its own'),
  NO_RENEGOTIATION: handshake(100, 'it does not renegotiate'),
  MISSING_EXTENSION: handshake(109, 'the handshake lacks an extension'),
  UNSUPPORTED_EXTENSION: handshake(110, 'the handshake has an extension that it did not ask for'),
  CERTIFICATE_UNOBTAINABLE: certificate(
    111,
    'it could not get the certificate',
    'Send the certificate with its chain.',
  ),
  UNRECOGNIZED_NAME: handshake(
    112,
    'it does not know the host name',
    'Check the spelling of the endpoint: the server that answers there has another name.',
  ),
  BAD_CERTIFICATE_STATUS_RESPONSE: handshake(113, 'it could not use a certificate status'),
  BAD_CERTIFICATE_HASH_VALUE: certificate(
    114,
    'the certificate is not the one that was announced',
    'Check certificate and chain.',
  ),
  UNKNOWN_PSK_IDENTITY: handshake(115, 'it does not know the shared key'),
  CERTIFICATE_REQUIRED: certificate(
    116,
    'it requires a certificate and got none',
    'A proxy that opens TLS takes it away: connect past it.',
  ),
  NO_APPLICATION_PROTOCOL: handshake(120, 'it does not speak MQTT on this port'),
};

/** OpenSSL names an alert after the version of TLS that brought it, whatever version is spoken. */
const CODE = /^ERR_SSL_(?:SSLV3|TLSV1|TLSV13)_(?:ALERT_)?(\w+)$/;
/** OpenSSL gives the number of every alert, and no name to one that TLS does not define. */
const NUMBER = /SSL alert number (\d+)/;
/** Node.js reports what a write has met as `EPROTO`, with the text of OpenSSL in the message. */
const TEXT = /:SSL routines:[^:]*:([^:]+)/;

/** The name of an error of OpenSSL as a code of Node.js, e.g. `ERR_SSL_TLSV1_ALERT_UNKNOWN_CA`. */
export function openSslCode({ code = '', message }: Error & { code?: string }): string {
  const [, text = ''] = code.startsWith('ERR_') ? [] : (TEXT.exec(message) ?? []);
  return text === '' ? code : `ERR_SSL_${text.trim().toUpperCase().replaceAll(/\W+/g, '_')}`;
}

/** The explanation of an alert that the server has sent; `undefined` for an error of another kind. */
export function explainAlert(error: Error & { code?: string }, host: string): Explanation | undefined {
  const [, key = ''] = CODE.exec(openSslCode(error)) ?? [];
  const alert = Object.hasOwn(ALERTS, key) ? ALERTS[key] : undefined;
  if (!alert) return explainUnknownAlert(error, host);
  const { number, meaning, remedy, kind } = alert;
  const isRefusal = kind === 'certificate';
  const refused = isRefusal ? 'the certificate of the device' : 'the TLS connection';
  const name = key.toLowerCase().replaceAll('_', ' ').replace(/\bca$/, 'CA');
  return {
    code: isRefusal ? 'UNAUTHORIZED' : 'TLS_FAILED',
    message: `${host} refused ${refused}: ${meaning} (TLS alert ${number}, ${name}).`,
    remedy,
    isTransient: kind === 'passing',
  };
}

/** The explanation of an alert that OpenSSL reports by its number only. */
function explainUnknownAlert({ message }: Error, host: string): Explanation | undefined {
  const [, number] = NUMBER.exec(message) ?? [];
  if (number === undefined) return undefined;
  return {
    code: 'TLS_FAILED',
    message: `${host} refused the TLS connection: it gave a reason that this machine does not know (TLS alert ${number}).`,
    remedy: ENDPOINT,
  };
}
