import { describeKeyUri, HARDWARE_REMEDY, newFile, type Origin } from './source';

/** Content that is neither PEM nor DER. */
export interface ForeignContent {
  /** The content in words, as the end of a sentence. The content is never repeated. */
  readonly description: string;
  /** The way to what is expected, if the content can be converted. */
  readonly remedy?: (origin: Origin) => string;
}

/** A format that its first bytes show. */
interface BinaryFormat extends ForeignContent {
  /** Hexadecimal. */
  readonly magic: string;
}

function fromKeystore(type: string): (origin: Origin) => string {
  return (origin) => {
    const converted = newFile(origin, '.p12');
    return `Convert it with keytool, which is part of Java: keytool -importkeystore -srckeystore ${origin.word} -srcstoretype ${type} -destkeystore ${converted} -deststoretype PKCS12; then set certFile and keyFile to ${converted}, and passphrase to the password of the new file.`;
  };
}

function fromMicrosoft(format: string): (origin: Origin) => string {
  return (origin) =>
    `Convert it: openssl rsa -inform ${format} -in ${origin.word} -out ${newFile(origin, '.key')}; then set ${origin.option} to the new file.`;
}

const unpack = ({ option }: Origin): string => `Unpack it, and set ${option} to the file in it.`;

const BINARY_FORMATS: readonly BinaryFormat[] = [
  { magic: 'feedfeed', description: 'a Java keystore (JKS)', remedy: fromKeystore('JKS') },
  { magic: 'cececece', description: 'a Java keystore (JCEKS)', remedy: fromKeystore('JCEKS') },
  {
    magic: '0000000200000014',
    description: 'a Java keystore of Bouncy Castle (BKS)',
    remedy: fromKeystore('BKS -providerclass org.bouncycastle.jce.provider.BouncyCastleProvider'),
  },
  {
    magic: '1ef1b5b0',
    description: 'a private key in the format of Microsoft tools (PVK)',
    remedy: fromMicrosoft('PVK'),
  },
  {
    magic: '07020000',
    description: 'a private key in the format of Microsoft tools (PRIVATEKEYBLOB)',
    remedy: fromMicrosoft('MSBLOB'),
  },
  {
    magic: '0000000043455254',
    description: 'a certificate store of Windows (.sst), which holds no private key',
    remedy: () =>
      'Export certificate and private key as .pfx (Export-PfxCertificate), which is read as it is.',
  },
  {
    magic: Buffer.from('SQLite format 3\0').toString('hex'),
    description: 'a database, such as the certificate store of Firefox (NSS)',
    remedy: (origin) =>
      `Export certificate and private key: pk12util -d DIRECTORY -n NAME -o ${newFile(origin, '.p12')}; that file is read as it is.`,
  },
  { magic: '504b0304', description: 'a ZIP archive', remedy: unpack },
  { magic: '1f8b', description: 'a gzip archive', remedy: unpack },
];

/** The format of binary content, if it is known. */
export function recognizeBinary(bytes: Buffer): ForeignContent | undefined {
  const head = bytes.subarray(0, 16).toString('hex');
  return BINARY_FORMATS.find(({ magic }) => head.startsWith(magic));
}

/** A format of text, with what its first characters look like. */
interface TextFormat extends ForeignContent {
  readonly pattern: RegExp;
}

const TEXT_FORMATS: readonly TextFormat[] = [
  { pattern: /\0/, description: 'binary data that is neither a certificate nor a key' },
  {
    pattern: /^(?:<!doctype html|<html)/i,
    description: 'an HTML page, such as a sign-in page saved by mistake',
  },
  {
    pattern: /^(?:<\?xml[^>]{0,200}>\s{0,20})?<RSAKeyValue>/,
    description: 'an RSA key in XML, as .NET writes it',
  },
  { pattern: /^(?:ssh-(?:rsa|dss|ed25519)|ecdsa-sha2-\S{1,30}) /, description: 'an SSH public key' },
  {
    pattern: /^PuTTY-User-Key-File/,
    description: 'a private key in PuTTY format',
    remedy: (origin) => {
      const converted = newFile(origin, '.key');
      return `Convert it: puttygen ${origin.word} -O private-openssh -o ${converted}; ssh-keygen -p -m PKCS8 -f ${converted}; then set ${origin.option} to the new file.`;
    },
  },
  { pattern: /^\{[^]{0,1900}"kty"\s{0,8}:/, description: 'a JSON Web Key (JWK)' },
  { pattern: /^[{[]/, description: 'JSON' },
  {
    pattern: /(?:^|;)\s{0,8}(?:HostName|SharedAccessKey(?:Name)?)=/i,
    description: 'a connection string, which has a symmetric key',
  },
  {
    pattern: /^(?:[A-Za-z0-9+/]{43}=|[A-Za-z0-9+/]{86}==)\s{0,8}$/,
    description: 'what looks like a symmetric key (SAS)',
  },
];

/** The words for a text without PEM blocks. */
export function recognizeText(text: string): ForeignContent {
  const head = text.slice(0, 2000).trimStart();
  const uri = describeKeyUri(head);
  if (uri !== undefined) return { description: uri, remedy: () => HARDWARE_REMEDY };
  const format = TEXT_FORMATS.find(({ pattern }) => pattern.test(head));
  if (format !== undefined) return format;
  const line = text.length < 300 ? text.trim() : '\n';
  const isPath = /(?:^[.~]?\/|\\|\.(?:pem|crt|cer|key|der|pfx|p12)$)/i.test(line);
  return {
    description:
      !line.includes('\n') && isPath
        ? 'what looks like a path'
        : 'text without a PEM block (no "-----BEGIN" line)',
  };
}
