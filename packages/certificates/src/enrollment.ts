/**
 * How the device was enrolled:
 *
 * - `hub-individual`: a DPS individual enrollment holds this very certificate.
 * - `hub-group`: a DPS enrollment group holds a certificate authority above this certificate.
 * - `central-individual`: an IoT Central device holds this very certificate.
 * - `central-group`: an IoT Central enrollment group holds a certificate authority above this certificate.
 */
export type EnrollmentKind = 'hub-individual' | 'hub-group' | 'central-individual' | 'central-group';

/** What distinguishes one enrollment kind from the others; everything that depends on the kind reads it here. */
export interface EnrollmentRules {
  /** The kind's name in a sentence. */
  readonly label: string;
  /** Whose portal the enrollment is made in. */
  readonly portal: 'Azure portal' | 'IoT Central';
  /** What the service compares: the leaf itself, or a certificate authority above it. */
  readonly attests: 'leaf' | 'authority';
  /** Where a person finds the enrollment. */
  readonly place: string;
  /** What a person calls the thing that holds the certificate. */
  readonly holder: string;
  /** Characters allowed in the registration ID besides letters and digits. */
  readonly idPunctuation: string;
}

const DPS_PUNCTUATION = '-._:';

/** The four kinds (design: one table instead of branches). */
export const ENROLLMENTS: Readonly<Record<EnrollmentKind, EnrollmentRules>> = {
  'hub-individual': {
    label: 'DPS individual enrollment',
    portal: 'Azure portal',
    attests: 'leaf',
    place: 'Azure portal > your Device Provisioning Service > Manage enrollments > Individual enrollments',
    holder: 'individual enrollment',
    idPunctuation: DPS_PUNCTUATION,
  },
  'hub-group': {
    label: 'DPS enrollment group',
    portal: 'Azure portal',
    attests: 'authority',
    place: 'Azure portal > your Device Provisioning Service > Manage enrollments > Enrollment groups',
    holder: 'enrollment group',
    idPunctuation: DPS_PUNCTUATION,
  },
  'central-individual': {
    label: 'IoT Central individual enrollment',
    portal: 'IoT Central',
    attests: 'leaf',
    place: 'IoT Central > Devices > the device > Connect > Individual enrollment > Certificates (X.509)',
    holder: 'device',
    idPunctuation: '-',
  },
  'central-group': {
    label: 'IoT Central enrollment group',
    portal: 'IoT Central',
    attests: 'authority',
    place: 'IoT Central > Permissions > Device connection groups',
    holder: 'enrollment group',
    idPunctuation: '-',
  },
};

/** The kinds' names, in the order of the table. */
export const ENROLLMENT_KINDS = Object.keys(ENROLLMENTS) as readonly EnrollmentKind[];
