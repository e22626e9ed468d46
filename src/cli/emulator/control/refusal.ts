import { CommandError } from '../../command-error';
import type { Place } from '../place';
import type { OperationName } from './operations';

/** What the emulator has answered. */
interface Answer {
  readonly code: number;
  readonly message: string;
}

/** What a command line calls the words of the emulator's messages. */
type Terms = Readonly<Record<string, string>>;

const TERMS_OF_ENROLLMENTS: Terms = { iotHubs: '--hub', initialTwin: '--initial-twin' };
const METHOD_TERMS: Terms = {
  methodName: 'METHOD',
  payload: '--payload',
  responseTimeoutSeconds: '--timeout',
  connectTimeoutSeconds: '--connect-timeout',
};

/** Arguments and flags by the names that they have in the emulator's messages. */
const TERMS: Readonly<Partial<Record<OperationName, Terms>>> = {
  enroll: {
    ...TERMS_OF_ENROLLMENTS,
    primaryCertificate: 'CERTIFICATE',
    secondaryCertificate: '--secondary',
    registrationId: '--registration-id',
    deviceId: '--device-id',
  },
  group: {
    ...TERMS_OF_ENROLLMENTS,
    enrollmentGroupId: 'GROUP',
    certificateName: '--ca',
    signingCertificate: '--certificate',
  },
  addAuthority: { certificate: 'CERTIFICATE', name: '--name' },
  verifyAuthority: { verificationCertificate: 'CERTIFICATE' },
  centralDevice: {
    deviceId: 'DEVICE',
    primaryCertificate: '--cert',
    secondaryCertificate: '--secondary',
  },
  centralGroup: { certificate: 'CERTIFICATE', name: 'NAME', enrollmentGroupId: 'NAME' },
  centralVerify: { verificationCertificate: 'CERTIFICATE' },
  centralTemplate: { modelId: 'MODEL' },
  invoke: METHOD_TERMS,
  twin: { 'properties.desired': '--desired', tags: '--tags' },
};

/** The emulator's message in terms of the command line. */
function inTerms(message: string, operation: OperationName): string {
  const text = message.replace(
    /^The verification certificate for (.+?) is refused:/,
    'CERTIFICATE does not verify $1:',
  );
  return Object.entries(TERMS[operation] ?? {}).reduce((result, [word, term]) => {
    // Ordinary words are names only where the message begins with them.
    const isOrdinary = /^[a-z]+$/.test(word);
    return result.replaceAll(new RegExp(`${isOrdinary ? '^' : '\\b'}${word}\\b`, 'g'), term);
  }, text);
}

/** What to do about an answer. */
type Remedy = (message: string, place: Place, operation: OperationName) => string;

const listed =
  (what: string): Remedy =>
  (_message, { command }) =>
    `${command('enrollments')} lists the ${what} that there are.`;

/** Something of that name, or with that certificate, is there already. */
const taken: Remedy = (message, { command }, operation) => {
  const [, kind, id = ''] =
    /(enrollment group|individual enrollment|Registration ID) (\S+)/.exec(message) ?? [];
  if (kind === undefined || !['enroll', 'group'].includes(operation))
    return 'Choose another name or certificate.';
  const flags = kind === 'enrollment group' ? ['--group'] : [];
  return `Choose another name or certificate, or delete the other one: ${command('enrollment', 'delete', id, ...flags)}`;
};

/** What to do about the codes that a person at a command line meets. */
const REMEDIES: Readonly<Record<number, Remedy>> = {
  404001: (_message, { command }, operation) =>
    operation === 'changeCentralDevice'
      ? `${command('central', 'devices')} lists those that there are.`
      : `${command('devices')} lists those that there are; a device appears when it has registered.`,
  404008: listed('certificate authorities'),
  404103: () =>
    'Connect the device, and let it subscribe to direct methods, or wait for it with --connect-timeout.',
  404201: (_message, { command }) =>
    `${command('enrollments')} lists those that there are; for an enrollment group, add --group.`,
  404204: (message, place, operation) =>
    operation === 'centralVerify'
      ? `Make the group first: ${place.command('central', 'group', 'NAME', 'CERTIFICATE')}`
      : listed('enrollment groups')(message, place, operation),
  409001: taken,
  504101: () =>
    'See whether the device answers direct methods of this name, or give it more time with --timeout.',
};

/** The emulator has refused to do something. */
export function refused({ code, message }: Answer, operation: OperationName, place: Place): CommandError {
  return new CommandError({
    code: 'EMULATOR_REFUSED',
    message: `The emulator refused (${code}): ${inTerms(message, operation)}`,
    remedy: REMEDIES[code]?.(message, place, operation) ?? 'Correct what the message names.',
  });
}
