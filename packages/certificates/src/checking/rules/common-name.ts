import { ENROLLMENTS } from '../../enrollment';
import { displayName } from '../../reading/certificate';
import { list, quote } from '../../text';
import {
  always,
  byAttestation,
  forLeaf,
  newCertificate,
  type LeafContext,
  type Rule,
  type RuleFinding,
  type SeverityByKind,
  unlessWrongCertificate,
} from './rule';

const DPS_ID = 'Azure DPS, "Terminology": the registration ID';
const DPS_X509 =
  'Azure DPS, "X.509 certificate attestation": the common name of the leaf is the registration ID';
const CENTRAL = 'Azure IoT Central, "Device authentication concepts": the common name is the device ID';

const FOREIGN_TO_DPS = ENROLLMENTS['hub-group'].foreignToId;
const MAX_LENGTH = 64;
const IN_CENTRAL: SeverityByKind = {
  'hub-individual': 'off',
  'hub-group': 'off',
  'central-individual': 'error',
  'central-group': 'error',
};

/** A rule about the first common name, which is the registration ID. */
function forName(check: (name: string, context: LeafContext) => RuleFinding | undefined): Rule['check'] {
  return forLeaf((leaf, context) => {
    const [name] = leaf.commonNames;
    return name === undefined || name === '' ? undefined : check(name, context);
  });
}

/** The characters in words, each once. */
function shown(characters: readonly string[]): string {
  return list(
    [...new Set(characters)]
      .slice(0, 10)
      .map((character) => (character === ' ' ? 'a space' : quote(character))),
  );
}

/** The rules for the common name, which DPS requires to be the registration ID. */
export const COMMON_NAME_RULES = unlessWrongCertificate([
  {
    name: 'common-name-present',
    checks: 'The subject has a common name (CN).',
    source: DPS_X509,
    severity: always('error'),
    check: forLeaf((leaf, context) => {
      if ((leaf.commonNames[0] ?? '') !== '') return undefined;
      return {
        message: `The certificate in ${context.certificateOrigin.label} has no common name (CN): its subject is ${displayName(leaf.subject)}. The common name is the registration ID.`,
        remedy: newCertificate(context, context.registrationId ?? 'device-1'),
      };
    }),
  },
  {
    name: 'common-name-single',
    checks: 'It has only one.',
    source: `${DPS_X509}; which of several counts is not documented`,
    severity: always('warning'),
    check: forName((name, context) => {
      const { leaf } = context.certificates;
      if (leaf.commonNames.length < 2) return undefined;
      return {
        message: `The certificate in ${context.certificateOrigin.label} has ${leaf.commonNames.length} common names: ${list(leaf.commonNames.slice(0, 5).map(quote))}. The first one is taken for the registration ID.`,
        remedy: newCertificate(context, name),
      };
    }),
  },
  {
    name: 'common-name-length',
    checks: 'It has at most 64 characters.',
    source: 'RFC 5280 appendix A.1 (ub-common-name): at most 64 characters',
    severity: always('error'),
    check: forName((name, context) => {
      const { length } = Array.from(name);
      if (length <= MAX_LENGTH) return undefined;
      return {
        message: `The common name ${quote(name)} has ${length} characters; at most ${MAX_LENGTH} are allowed.`,
        remedy: newCertificate(context, name),
      };
    }),
  },
  {
    name: 'common-name-characters',
    checks: 'It holds letters, digits, "-", ".", "_" and ":" only.',
    source: `${DPS_ID}: letters, digits and - . _ :`,
    severity: always('error'),
    check: forName((name, context) => {
      const foreign = name.match(FOREIGN_TO_DPS);
      if (!foreign) return undefined;
      return {
        message: `The common name ${quote(name)} holds ${shown(foreign)}; a registration ID may hold letters, digits, "-", ".", "_" and ":" only.`,
        remedy: newCertificate(context, name),
      };
    }),
  },
  {
    name: 'common-name-last-character',
    checks: 'It ends with a letter, a digit or "-".',
    source: `${DPS_ID}: the last character is a letter, a digit or a dash`,
    severity: always('error'),
    unless: ['common-name-characters'],
    check: forName((name, context) => {
      if (/[A-Za-z0-9-]$/.test(name)) return undefined;
      return {
        message: `The common name ${quote(name)} ends with ${quote(name.slice(-1))}; a registration ID ends with a letter, a digit or "-".`,
        remedy: newCertificate(context, name),
      };
    }),
  },
  {
    name: 'common-name-central-characters',
    checks: 'In IoT Central it holds letters, digits and "-" only.',
    source: `${CENTRAL}, of letters, digits and - only`,
    severity: IN_CENTRAL,
    unless: ['common-name-characters', 'common-name-last-character'],
    check: forName((name, context) => {
      const foreign = name.match(ENROLLMENTS[context.enrollment].foreignToId);
      if (!foreign) return undefined;
      return {
        message: `The common name ${quote(name)} holds ${shown(foreign)}; a device ID in IoT Central may hold letters, digits and "-" only.`,
        remedy: newCertificate(context, name),
      };
    }),
  },
  {
    name: 'common-name-is-registration-id',
    checks: 'Option registrationId, where given, is the common name.',
    source: DPS_X509,
    severity: always('error'),
    check: forName((name, context) => {
      const { registrationId } = context;
      if (registrationId === undefined || registrationId.toLowerCase() === name.toLowerCase())
        return undefined;
      return {
        message: `Option registrationId is ${quote(registrationId)}, but the common name in ${context.certificateOrigin.label} is ${quote(name)}; with X.509 they are the same.`,
        remedy: `Leave registrationId out or set it to ${quote(name)}. For another ID: ${newCertificate(context, registrationId)}`,
      };
    }),
  },
  {
    name: 'common-name-same-case',
    checks: 'They are the same in upper and lower case, too.',
    source: `${DPS_ID} is compared without regard to letter case; IoT Hub's device IDs are case-sensitive`,
    severity: always('warning'),
    unless: ['common-name-is-registration-id'],
    check: forName((name, { registrationId }) => {
      if (registrationId === undefined || registrationId === name) return undefined;
      return {
        message: `Option registrationId ${quote(registrationId)} and the common name ${quote(name)} differ in upper and lower case; DPS takes them for the same, IoT Hub does not.`,
        remedy: `Leave registrationId out or set it to ${quote(name)}.`,
      };
    }),
  },
  {
    name: 'common-name-lower-case',
    checks: 'It has no upper-case letters.',
    source: `${DPS_ID} is case-insensitive, IoT Hub's device IDs are case-sensitive`,
    severity: always('warning'),
    unless: ['common-name-same-case'],
    check: forName((name, context) => {
      if (name === name.toLowerCase()) return undefined;
      return {
        message: `The common name ${quote(name)} has upper-case letters; DPS does not tell them from lower-case ones, IoT Hub does.`,
        remedy: `Compare the device ID in the hub letter by letter, or use lower case: ${newCertificate(context, name.toLowerCase())}`,
      };
    }),
  },
  {
    name: 'subject-beyond-common-name',
    checks: 'The subject holds more than a common name, such as an organization.',
    source:
      'Practice of certificate authorities (CA/Browser Forum, openssl ca policies): a subject names its owner too',
    severity: byAttestation('warning', 'warning'),
    unless: ['common-name-present'],
    check: forName((name, context) => {
      if (context.certificates.leaf.subject.length > 1) return undefined;
      return {
        message: `The subject of the certificate in ${context.certificateOrigin.label} is ${quote(`CN=${name}`)} and nothing else; it does not say whose device it is.`,
        remedy:
          'It works as it is. In the next certificate, name the owner with --subject of azure-iot-x509 cert device, e.g. --subject "O=Contoso".',
      };
    }),
  },
]);
