import type { CentralDeviceStatus, Emulator, HubEmulator, RegistrationStatus } from 'azure-iot-emulator';
import type { EnrollmentKind } from 'azure-iot-certificates';
import { selfSigned, signedByIntermediate, signedByRoot, type CertificateMaker } from './certificates';
import {
  enrollCentralGroup,
  enrollCentralIndividual,
  enrollDpsGroup,
  enrollDpsIndividual,
  type Enroller,
} from './enrolling';

/** Where the devices of a kind are registered. */
interface RegistrationPlace {
  idScope(emulator: Emulator): string;
  /** The hub that devices are assigned to. */
  hub(emulator: Emulator): HubEmulator;
  /** The status after a registration, as the service knows it. */
  status(emulator: Emulator, registrationId: string): RegistrationStatus | CentralDeviceStatus | undefined;
  /** What that status is when a device was let in. */
  readonly admitted: RegistrationStatus | CentralDeviceStatus;
  /** Whose word the status is. */
  readonly source: string;
}

const DPS: RegistrationPlace = {
  idScope: ({ idScope }) => idScope,
  hub: ({ hubs: [hub] }) => {
    if (hub === undefined) throw new Error('The emulator was started without a hub.');
    return hub;
  },
  status: ({ dps }, registrationId) => dps.registrations.get(registrationId)?.status,
  admitted: 'assigned',
  source: 'registration record',
};

const CENTRAL: RegistrationPlace = {
  idScope: ({ central }) => central.idScope,
  hub: ({ central }) => central.hub,
  status: ({ central }, registrationId) => central.devices.get(registrationId)?.status,
  admitted: 'Provisioned',
  source: 'IoT Central device',
};

/** One enrollment kind as the demo shows it. */
export interface DemoKind {
  /** What this kind is, in one sentence for somebody who has never seen Azure IoT. */
  readonly about: string;
  /** The device's registration ID, which is the CN of its certificate. */
  readonly registrationId: string;
  /** The model that the device announces; IoT Central shows its telemetry by it. */
  readonly modelId?: string;
  readonly place: RegistrationPlace;
  readonly makeCertificates: CertificateMaker;
  readonly enroll: Enroller;
}

/** The model that the demo's devices in IoT Central announce. */
const DEMO_MODEL_ID = 'dtmi:com:example:Thermostat;1';

/** The four kinds. */
export const DEMO_KINDS: Readonly<Record<EnrollmentKind, DemoKind>> = {
  'hub-individual': {
    about: 'DPS holds the certificate of this one device: the quickest way to connect a few devices.',
    registrationId: 'pump-1',
    place: DPS,
    makeCertificates: selfSigned,
    enroll: enrollDpsIndividual,
  },
  'hub-group': {
    about:
      'DPS holds a certificate authority (CA) and lets in every device whose certificate comes from it: the way to connect many.',
    registrationId: 'pump-2',
    place: DPS,
    makeCertificates: signedByIntermediate('Demo Pumps'),
    enroll: enrollDpsGroup,
  },
  'central-individual': {
    about:
      'An IoT Central application holds the certificate of this one device, which was created there beforehand.',
    registrationId: 'valve-1',
    modelId: DEMO_MODEL_ID,
    place: CENTRAL,
    makeCertificates: selfSigned,
    enroll: enrollCentralIndividual,
  },
  'central-group': {
    about: 'An IoT Central application holds a CA; devices with a certificate from it appear by themselves.',
    registrationId: 'valve-2',
    modelId: DEMO_MODEL_ID,
    place: CENTRAL,
    makeCertificates: signedByRoot('Demo Valves'),
    enroll: enrollCentralGroup,
  },
};
