import type { EmulatorError } from '../../index';
import type { Place } from '../next-steps/place';
import { CommandError } from '../terminal/failure';

/** The arguments and flags, by their names in the emulator's messages. */
type Terms = Readonly<Record<string, string>>;

const ENROLLMENT: Terms = { iotHubs: '--hub', initialTwin: '--initial-twin' };
const PROOF: Terms = { 'The verification certificate': 'CERTIFICATE' };

/** The terms of the commands, by their names. */
const TERMS: Readonly<Record<string, Terms>> = {
  enroll: {
    ...ENROLLMENT,
    primaryCertificate: 'CERTIFICATE',
    secondaryCertificate: '--secondary',
    registrationId: '--registration-id',
    deviceId: '--device-id',
  },
  group: {
    ...ENROLLMENT,
    enrollmentGroupId: 'GROUP',
    certificateName: '--ca',
    signingCertificate: '--certificate',
  },
  'ca add': { certificate: 'CERTIFICATE', name: '--name' },
  'ca verify': PROOF,
  'central device': { deviceId: 'DEVICE', primaryCertificate: '--cert', secondaryCertificate: '--secondary' },
  'central group': { certificate: 'CERTIFICATE', name: 'NAME', enrollmentGroupId: 'NAME' },
  'central verify': PROOF,
  'central template': { modelId: 'MODEL' },
  invoke: {
    methodName: 'METHOD',
    payload: '--payload',
    responseTimeoutSeconds: '--timeout',
    connectTimeoutSeconds: '--connect-timeout',
  },
  twin: { 'properties.desired': '--desired', tags: '--tags' },
};

/** The message in the terms of the command line. */
function inTerms(message: string, terms: Terms): string {
  return Object.entries(terms).reduce((text, [word, term]) => {
    // Ordinary words are names only where the message begins with them.
    const isOrdinary = /^[a-z]+$/.test(word);
    return text.replaceAll(new RegExp(`${isOrdinary ? '^' : '\\b'}${word}\\b`, 'g'), term);
  }, message);
}

/** The advice about a refusal. */
type Remedy = (command: Place['command'], message: string) => string;

const lists =
  (name: string, things: string): Remedy =>
  (command) =>
    `${command(...name.split(' '))} lists ${things}.`;

/** The advice for a name or a certificate that is taken already. */
const taken: Remedy = (command, message) => {
  const [, kind, id] = /(enrollment group|individual enrollment|Registration ID) (\S+)/.exec(message) ?? [];
  if (id === undefined) return 'Choose another name or certificate.';
  const flags = kind === 'enrollment group' ? ['--group'] : [];
  return `Choose another name or certificate, or delete the other one: ${command('enrollment', 'delete', id, ...flags)}`;
};

/** The advice for codes that a user of the command line can get. A command's own advice goes first. */
const REMEDIES: Readonly<Record<string, Remedy>> = {
  '404001': lists('devices', 'those that there are; a device appears when it has registered'),
  'central change 404001': lists('central devices', 'those that there are'),
  '404008': lists('enrollments', 'the certificate authorities that there are'),
  '404103': () =>
    'Connect the device, and let it subscribe to direct methods, or wait for it with --connect-timeout.',
  '404201': lists('enrollments', 'those that there are; for an enrollment group, add --group'),
  '404204': lists('enrollments', 'the enrollment groups that there are'),
  'central verify 404204': (command) =>
    `Make the group first: ${command('central', 'group', 'NAME', 'CERTIFICATE')}`,
  '409001': () => 'Choose another name or certificate.',
  'enroll 409001': taken,
  'group 409001': taken,
  '504101': () =>
    'See whether the device answers direct methods of this name, or give it more time with --timeout.',
};

/**
 * The failure of a command that the emulator has refused.
 *
 * @param name the command, e.g. `ca add`
 */
export function refused({ code, message }: EmulatorError, name: string, { command }: Place): CommandError {
  const remedy = REMEDIES[`${name} ${code}`] ?? REMEDIES[code];
  return new CommandError({
    code: 'EMULATOR_REFUSED',
    message: `The emulator refused (${code}): ${inTerms(message, TERMS[name] ?? {})}`,
    remedy: remedy?.(command, message) ?? 'Correct what the message names.',
  });
}
