import type { DpsEmulator, Emulator } from 'azure-iot-emulator';
import { enrollDevice } from '../../test/support/enrolled-device';

/** What operators change in an enrollment. */
interface Change {
  iotHubs?: string[];
  provisioningStatus?: 'enabled' | 'disabled';
}

const CHANGES = {
  'hub-individual': (dps: DpsEmulator, id: string, change: Change) =>
    void dps.individualEnrollments.update(id, change),
  'hub-group': (dps: DpsEmulator, id: string, change: Change) =>
    void dps.enrollmentGroups.update(`${id}-ca`, change),
};

/** A device with its enrollment. */
export interface Enrolled {
  readonly id: string;
  /** What connects it to any server. */
  readonly options: {
    readonly enrollment: keyof typeof CHANGES;
    readonly idScope: string;
    readonly cert: string;
    readonly key: string;
  };
  /** The certificate by which a server recognizes the device: its own, or the root of its group. PEM. */
  readonly anchor: string;
  /** True if the device can make its own new certificate, without a certificate authority. */
  readonly isRenewable: boolean;
  readonly change: (change: Change) => void;
}

/** Enrolls the device of that index. Every second device is in a group. */
export async function enroll(emulator: Emulator, index: number): Promise<Enrolled> {
  const enrollment = index % 2 === 0 ? 'hub-individual' : 'hub-group';
  const id = `soak-${index + 1}`;
  const { device, root } = await enrollDevice(emulator, enrollment, id);
  return {
    id,
    options: { enrollment, idScope: emulator.idScope, cert: device.fullChain, key: device.privateKey },
    anchor: (root ?? device).certificate,
    isRenewable: root === undefined,
    change: (change) => CHANGES[enrollment](emulator.dps, id, change),
  };
}
