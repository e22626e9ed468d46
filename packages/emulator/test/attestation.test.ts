import type { X509Certificate } from 'node:crypto';
import {
  createDeviceCertificate,
  createIntermediateCertificate,
  createRootCertificate,
  createSelfSignedCertificate,
  type IssuedCertificate,
} from 'azure-iot-certificates';
import { attest, type AttestationRequest, type AttestationResult } from '../src/dps/enrollments/attestation';

const ID = 'sensor-17';
const DAY = 86_400_000;

/** root → upper → lower → leaf, and others beside it. */
interface Fixtures {
  root: X509Certificate;
  upper: X509Certificate;
  lower: X509Certificate;
  leaf: X509Certificate;
  stranger: X509Certificate;
  strangerRoot: X509Certificate;
  namesake: X509Certificate;
  alone: X509Certificate;
  secondary: X509Certificate;
  expired: X509Certificate;
  future: X509Certificate;
  belowFuture: X509Certificate;
  selfSignedAuthority: X509Certificate;
  belowDevice: X509Certificate;
}

let fixtures: Fixtures;

async function createFixtures(): Promise<Fixtures> {
  const root = await createRootCertificate({ commonName: 'root' });
  const upper = await createIntermediateCertificate({ commonName: 'upper', issuer: root, pathLength: 2 });
  const lower = await createIntermediateCertificate({ commonName: 'lower', issuer: upper, pathLength: 1 });
  const strangerRoot = await createRootCertificate({ commonName: 'stranger' });
  const future = await createIntermediateCertificate({
    commonName: 'future',
    issuer: root,
    validity: { notBefore: new Date(Date.now() + DAY), notAfter: new Date(Date.now() + 100 * DAY) },
  });
  const leafOf = (issuer: IssuedCertificate): Promise<IssuedCertificate> =>
    createDeviceCertificate({ commonName: ID, issuer, validity: { days: 30 } });
  const selfSigned = (): Promise<IssuedCertificate> => createSelfSignedCertificate({ commonName: ID });
  const made = {
    root,
    upper,
    lower,
    leaf: await leafOf(lower),
    stranger: await leafOf(strangerRoot),
    strangerRoot,
    // The same name as the real intermediate, but another key.
    namesake: await createRootCertificate({ commonName: 'lower' }),
    alone: await selfSigned(),
    secondary: await selfSigned(),
    expired: await createSelfSignedCertificate({
      commonName: ID,
      validity: { notBefore: new Date(Date.now() - 2 * DAY), notAfter: new Date(Date.now() - DAY) },
    }),
    future,
    belowFuture: await leafOf(future),
    selfSignedAuthority: await createRootCertificate({ commonName: ID }),
    belowDevice: await leafOf(await createRootCertificate({ commonName: 'fleet' })),
  };
  return Object.fromEntries(
    Object.entries(made).map(([name, certificate]) => [name, certificate.x509]),
  ) as unknown as Fixtures;
}

type Name = keyof Fixtures;

/** A case in the names of the certificates. Groups are `[ID, authorities, 'disabled'?]`, oldest first. */
interface Case {
  title: string;
  sends: Name[];
  individual?: { holds: Name[]; disabled?: true };
  groups?: [id: string, authorities: Name[], disabled?: 'disabled'][];
  verified?: Name[];
  registrationId?: string;
  forbidAuthority?: true;
  expected: AttestationResult;
}

const INDIVIDUAL: AttestationResult = { outcome: 'individual' };
const group = (enrollmentGroupId: string): AttestationResult => ({ outcome: 'group', enrollmentGroupId });
const refused = (reason: (AttestationResult & { outcome: 'refused' })['reason']): AttestationResult => ({
  outcome: 'refused',
  reason,
});

const CASES: Case[] = [
  // Individual enrollments.
  {
    title: 'an individual enrollment lets in its primary certificate',
    sends: ['alone'],
    individual: { holds: ['alone'] },
    expected: INDIVIDUAL,
  },
  {
    title: 'an individual enrollment lets in its secondary certificate',
    sends: ['secondary'],
    individual: { holds: ['alone', 'secondary'] },
    expected: INDIVIDUAL,
  },
  {
    title: 'an individual enrollment lets in a leaf of a CA without its chain',
    sends: ['leaf'],
    individual: { holds: ['leaf'] },
    expected: INDIVIDUAL,
  },
  {
    title: 'another certificate of the same name is refused',
    sends: ['secondary'],
    individual: { holds: ['alone'] },
    expected: refused('individual-certificate-differs'),
  },
  {
    title: 'a CA in an individual enrollment does not let in what it has signed',
    sends: ['leaf', 'lower'],
    individual: { holds: ['lower'] },
    expected: refused('individual-certificate-differs'),
  },
  {
    title: 'a CA in an individual enrollment lets in itself',
    sends: ['selfSignedAuthority'],
    individual: { holds: ['selfSignedAuthority'] },
    expected: INDIVIDUAL,
  },
  {
    title: 'a CA in an individual enrollment is refused if so chosen',
    sends: ['selfSignedAuthority'],
    individual: { holds: ['selfSignedAuthority'] },
    forbidAuthority: true,
    expected: refused('individual-is-authority'),
  },
  {
    title: 'an individual enrollment is decisive, even though a group would let the device in',
    sends: ['leaf', 'lower'],
    individual: { holds: ['alone'] },
    groups: [['fleet', ['lower']]],
    expected: refused('individual-certificate-differs'),
  },
  {
    title: 'a disabled individual enrollment blocks one device of an enabled group',
    sends: ['leaf', 'lower'],
    individual: { holds: ['leaf'], disabled: true },
    groups: [['fleet', ['lower']]],
    expected: refused('individual-disabled'),
  },
  {
    title: 'a disabled individual enrollment blocks whatever certificate is presented',
    sends: ['leaf', 'lower'],
    individual: { holds: ['alone'], disabled: true },
    groups: [['fleet', ['lower']]],
    expected: refused('individual-disabled'),
  },
  {
    title: 'the registration ID is compared without case',
    sends: ['alone'],
    registrationId: 'SENSOR-17',
    individual: { holds: ['alone'] },
    expected: INDIVIDUAL,
  },
  {
    title: 'a registration ID that is not the common name is refused',
    sends: ['alone'],
    registrationId: 'sensor-18',
    individual: { holds: ['alone'] },
    expected: refused('common-name-differs'),
  },
  {
    title: 'an expired certificate is refused',
    sends: ['expired'],
    individual: { holds: ['expired'] },
    expected: refused('leaf-not-valid-now'),
  },
  // Groups.
  {
    title: 'a group lets in what its CA has signed, without the CA being sent, when the CA is verified',
    sends: ['leaf'],
    verified: ['lower'],
    groups: [['fleet', ['lower']]],
    expected: group('fleet'),
  },
  {
    title: 'a group of the root lets in a device that sends both intermediates',
    sends: ['leaf', 'lower', 'upper'],
    verified: ['root'],
    groups: [['fleet', ['root']]],
    expected: group('fleet'),
  },
  {
    title: 'the order of the sent intermediates does not matter',
    sends: ['leaf', 'upper', 'lower'],
    verified: ['root'],
    groups: [['fleet', ['root']]],
    expected: group('fleet'),
  },
  {
    title: 'a root that is sent does no harm',
    sends: ['leaf', 'lower', 'upper', 'root'],
    verified: ['root'],
    groups: [['fleet', ['root']]],
    expected: group('fleet'),
  },
  {
    title: 'a missing intermediate breaks the chain',
    sends: ['leaf', 'upper'],
    verified: ['root'],
    groups: [['fleet', ['root']]],
    expected: refused('authority-not-found'),
  },
  {
    title: 'a leaf alone does not reach the root',
    sends: ['leaf'],
    verified: ['root'],
    groups: [['fleet', ['root']]],
    expected: refused('authority-not-found'),
  },
  {
    title: 'a verified intermediate need not be sent, nor its parents',
    sends: ['leaf'],
    groups: [['fleet', ['root']]],
    verified: ['lower', 'upper', 'root'],
    expected: group('fleet'),
  },
  {
    title: 'a verified CA without a group lets in nobody',
    sends: ['leaf', 'lower', 'upper'],
    verified: ['root'],
    expected: refused('authority-not-found'),
  },
  {
    title: 'a group without a verified CA lets in nobody',
    sends: ['leaf', 'lower', 'upper'],
    groups: [['fleet', []]],
    expected: refused('authority-not-found'),
  },
  {
    title: "the group of the leaf's issuer wins over the group of the root",
    sends: ['leaf', 'lower', 'upper'],
    verified: ['root'],
    groups: [
      ['of-root', ['root']],
      ['of-lower', ['lower']],
    ],
    expected: group('of-lower'),
  },
  {
    title: 'the group of an intermediate wins over the group of the root',
    sends: ['leaf', 'lower', 'upper'],
    verified: ['root'],
    groups: [
      ['of-root', ['root']],
      ['of-upper', ['upper']],
    ],
    expected: group('of-upper'),
  },
  {
    title: 'a disabled group is decisive: the group of its parent is not tried',
    sends: ['leaf', 'lower', 'upper'],
    verified: ['root'],
    groups: [
      ['of-root', ['root']],
      ['of-lower', ['lower'], 'disabled'],
    ],
    expected: refused('group-disabled'),
  },
  {
    title: 'a disabled group of the root does not matter when the nearer group is enabled',
    sends: ['leaf', 'lower', 'upper'],
    verified: ['root'],
    groups: [
      ['of-root', ['root'], 'disabled'],
      ['of-lower', ['lower']],
    ],
    expected: group('of-lower'),
  },
  {
    title: "a group's secondary CA counts as much as its primary",
    sends: ['stranger'],
    verified: ['root', 'strangerRoot'],
    groups: [['fleet', ['root', 'strangerRoot']]],
    expected: group('fleet'),
  },
  {
    title: 'a device of another CA is refused',
    sends: ['stranger', 'strangerRoot'],
    verified: ['root', 'strangerRoot'],
    groups: [['fleet', ['root']]],
    expected: refused('authority-not-found'),
  },
  {
    title: 'a CA of the same name but with another key is not the issuer',
    sends: ['leaf'],
    verified: ['namesake'],
    groups: [['fleet', ['namesake']]],
    expected: refused('authority-not-found'),
  },
  {
    title: 'a sent CA of the same name but with another key does not bridge the chain',
    sends: ['leaf', 'namesake', 'upper'],
    verified: ['root'],
    groups: [['fleet', ['root']]],
    expected: refused('authority-not-found'),
  },
  {
    title: 'an intermediate that is not valid yet breaks the chain',
    sends: ['belowFuture', 'future'],
    verified: ['root'],
    groups: [['fleet', ['root']]],
    expected: refused('authority-not-found'),
  },
  {
    title: 'a CA does not let in itself as a device of its group',
    sends: ['selfSignedAuthority'],
    verified: ['selfSignedAuthority'],
    groups: [['fleet', ['selfSignedAuthority']]],
    expected: refused('authority-not-found'),
  },
  {
    title: 'a device certificate in the chain is no CA',
    sends: ['belowDevice', 'alone'],
    verified: ['alone'],
    groups: [['fleet', ['alone']]],
    expected: refused('authority-not-found'),
  },
  {
    title: 'without any enrollment the device is refused',
    sends: ['alone'],
    expected: refused('authority-not-found'),
  },
  {
    title:
      'an intermediate in a group is not verified by being there, even if the device sends every certificate',
    sends: ['leaf', 'lower', 'upper', 'root'],
    groups: [['fleet', ['lower']]],
    expected: refused('authority-not-found'),
  },
  {
    title: 'a root in a group is not verified by being there',
    sends: ['stranger', 'strangerRoot'],
    groups: [['fleet', ['strangerRoot']]],
    expected: refused('authority-not-found'),
  },
  {
    title: 'an intermediate in a group does not fill a gap of the sent chain',
    sends: ['leaf', 'upper'],
    groups: [['fleet', ['lower']]],
    verified: ['root'],
    expected: refused('authority-not-found'),
  },
  {
    title:
      "a device that does not send the link between the group's intermediate and the verified root is refused",
    sends: ['leaf', 'lower'],
    groups: [['fleet', ['lower']]],
    verified: ['root'],
    expected: refused('authority-not-found'),
  },
  {
    title: 'a group of an intermediate lets in a device that sends every certificate up to the verified root',
    sends: ['leaf', 'lower', 'upper'],
    groups: [['fleet', ['lower']]],
    verified: ['root'],
    expected: group('fleet'),
  },
  {
    title: 'a verified root of other devices does not help',
    sends: ['leaf', 'lower', 'upper'],
    groups: [['fleet', ['lower']]],
    verified: ['strangerRoot'],
    expected: refused('authority-not-found'),
  },
];

describe('attestation at DPS:', () => {
  beforeAll(async () => {
    fixtures = await createFixtures();
  });

  it.each(CASES)('$title', ({ sends, individual, groups = [], verified = [], expected, ...rest }) => {
    const of = (names: Name[]): X509Certificate[] => names.map((name) => fixtures[name]);
    const request: AttestationRequest = {
      registrationId: rest.registrationId ?? ID,
      presented: of(sends),
      individual: individual && {
        certificates: of(individual.holds),
        isEnabled: individual.disabled !== true,
      },
      groups: groups.map(([enrollmentGroupId, authorities, disabled]) => ({
        enrollmentGroupId,
        authorities: of(authorities),
        isEnabled: disabled === undefined,
      })),
      verifiedAuthorities: of(verified),
      allowAuthorityAsIndividual: rest.forbidAuthority !== true,
      now: new Date(),
    };
    expect(attest(request)).toEqual(expected);
  });

  it('a client without a certificate is refused', () => {
    const request = {
      registrationId: ID,
      presented: [],
      individual: undefined,
      groups: [],
      verifiedAuthorities: [],
      allowAuthorityAsIndividual: true,
      now: new Date(),
    };
    expect(attest(request)).toEqual(refused('common-name-differs'));
  });
});
