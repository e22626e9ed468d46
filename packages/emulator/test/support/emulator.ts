import { startEmulator, type Emulator, type EmulatorOptions, type HubEmulator } from 'azure-iot-emulator';

/** An emulator for all tests of a file or block, which does not make devices wait between two polls. */
export function useEmulator(options: EmulatorOptions = {}): {
  readonly emulator: Emulator;
  readonly hub: HubEmulator;
} {
  let running: Emulator | undefined;
  beforeAll(async () => {
    running = await startEmulator({ retryAfterSeconds: 0, ...options });
  });
  afterAll(async () => {
    await running?.close();
  });
  const emulator = (): Emulator => {
    if (running === undefined)
      throw new Error('the emulator is started before the tests, not before they are defined');
    return running;
  };
  return {
    get emulator() {
      return emulator();
    },
    get hub() {
      const [hub] = emulator().hubs;
      if (hub === undefined) throw new Error('the emulator was started without a hub');
      return hub;
    },
  };
}
