/**
 * The kind of enrollment:
 *
 * - `hub-individual`: a DPS individual enrollment holds the device certificate itself.
 * - `hub-group`: a DPS enrollment group holds a certificate authority above the device certificate.
 * - `central-individual`: a device in IoT Central holds the device certificate itself.
 * - `central-group`: an IoT Central enrollment group holds a certificate authority above the device certificate.
 */
export type EnrollmentKind = 'hub-individual' | 'hub-group' | 'central-individual' | 'central-group';

/** The properties in which the enrollment kinds differ. */
interface EnrollmentRules {
  /** The kind's name in a sentence. */
  readonly label: string;
  /** The portal that the enrollment is made in. */
  readonly portal: 'Azure portal' | 'IoT Central';
  /** The certificate that the service compares: the leaf itself, or an authority above it. */
  readonly attests: 'leaf' | 'authority';
  /** The way to the enrollment in the portal. */
  readonly place: string;
  /** The portal's name for the object that holds the certificate. */
  readonly holder: string;
  /** Matches each character that a registration ID must not have. */
  readonly foreignToId: RegExp;
}

const FOREIGN_TO_DPS = /[^A-Za-z0-9._:-]/gu;
const FOREIGN_TO_CENTRAL = /[^A-Za-z0-9-]/gu;

/** The rules of every enrollment kind. */
export const ENROLLMENTS: Readonly<Record<EnrollmentKind, EnrollmentRules>> = {
  'hub-individual': {
    label: 'DPS individual enrollment',
    portal: 'Azure portal',
    attests: 'leaf',
    place: 'Azure portal > your Device Provisioning Service > Manage enrollments > Individual enrollments',
    holder: 'individual enrollment',
    foreignToId: FOREIGN_TO_DPS,
  },
  'hub-group': {
    label: 'DPS enrollment group',
    portal: 'Azure portal',
    attests: 'authority',
    place: 'Azure portal > your Device Provisioning Service > Manage enrollments > Enrollment groups',
    holder: 'enrollment group',
    foreignToId: FOREIGN_TO_DPS,
  },
  'central-individual': {
    label: 'IoT Central individual enrollment',
    portal: 'IoT Central',
    attests: 'leaf',
    place: 'IoT Central > Devices > the device > Connect > Individual enrollment > Certificates (X.509)',
    holder: 'device',
    foreignToId: FOREIGN_TO_CENTRAL,
  },
  'central-group': {
    label: 'IoT Central enrollment group',
    portal: 'IoT Central',
    attests: 'authority',
    place: 'IoT Central > Permissions > Device connection groups',
    holder: 'enrollment group',
    foreignToId: FOREIGN_TO_CENTRAL,
  },
};

/** The names of the enrollment kinds, in the order of the table. */
export const ENROLLMENT_KINDS = Object.keys(ENROLLMENTS) as readonly EnrollmentKind[];
