import type { Emulator, HubEmulator } from 'azure-iot-emulator';
import type { IssuedCertificate } from 'azure-iot-certificates';
import type { IConnectPacket } from 'mqtt-packet';
import { connectToHub, createHubDevice } from '../../support/clients';
import { useEmulator } from '../../support/emulator';
import type { RawClient } from '../../support/raw-client';

/** Topics of the device pump-1. */
export const TELEMETRY = 'devices/pump-1/messages/events/';
export const DEVICEBOUND = 'devices/pump-1/messages/devicebound/#';

/** A device of a hub, named pump-1, and faults that are cleared after each test. */
export interface HubDevice {
  readonly emulator: Emulator;
  readonly hub: HubEmulator;
  readonly identity: IssuedCertificate;
  /** Connects it. */
  connect(connect?: Partial<IConnectPacket>): Promise<RawClient>;
  /** What the hub has received of it. */
  bodies(): string[];
}

export function useHubDevice(): HubDevice {
  const context = useEmulator();
  let identity: IssuedCertificate | undefined;
  beforeAll(async () => {
    identity = await createHubDevice(context.hub, 'pump-1');
  });
  afterEach(() => {
    context.emulator.faults.clear();
  });
  const made = (): IssuedCertificate => {
    if (identity === undefined) throw new Error('the device is made before the tests');
    return identity;
  };
  return {
    get emulator() {
      return context.emulator;
    },
    get hub() {
      return context.hub;
    },
    get identity() {
      return made();
    },
    connect: (connect) => connectToHub(context.emulator, context.hub, 'pump-1', made(), connect),
    bodies: () => context.hub.receivedTelemetry('pump-1').map(({ body }) => body.toString()),
  };
}
