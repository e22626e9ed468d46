import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { startEmulator, type Emulator, type EmulatorOptions, type HubEmulator } from 'azure-iot-emulator';
import { useTemporaryDirectory } from '../../../certificates/test/making/temporary-directory';

/** Emulators on a folder `state`, one after the other; a new folder for each test. */
export function useStatefulEmulators(): {
  readonly start: (options?: EmulatorOptions) => Promise<Emulator>;
  readonly path: (...parts: string[]) => string;
  /** Changes a file as somebody with an editor would. */
  readonly edit: (name: string, change: (content: Record<string, unknown>) => unknown) => void;
} {
  const running: Emulator[] = [];
  // Before the folder is removed, that is.
  afterEach(async () => {
    for (const emulator of running.splice(0)) await emulator.close();
  });
  const path = useTemporaryDirectory();
  return {
    path,
    start: async (options = {}) => {
      const defaults = { stateDirectory: path('state'), retryAfterSeconds: 0, pollsBeforeAssigned: 0 };
      const emulator = await startEmulator({ ...defaults, ...options });
      running.push(emulator);
      return emulator;
    },
    edit: (name, change) => {
      const file = path('state', name);
      const content = JSON.parse(readFileSync(file, 'utf8')) as Record<string, unknown>;
      writeFileSync(file, JSON.stringify(change(content)));
    },
  };
}

export function hubOf(emulator: Emulator, name = 'hub-1'): HubEmulator {
  const hub = emulator.hubs.find((each) => each.name === name);
  if (hub === undefined) throw new Error(`there is no ${name}`);
  return hub;
}

/** What devices have been told and have to find again. */
export function addressesOf({ idScope, globalEndpoint, ca, hubs, centralApplications }: Emulator): unknown {
  return {
    idScope,
    globalEndpoint,
    ca,
    hubs: hubs.map(({ name, hostName }) => ({ name, hostName })),
    centralApplications: centralApplications.map(({ idScope: scope, hub }) => [
      scope,
      hub.name,
      hub.hostName,
    ]),
  };
}

/** All that is in the folder, by name. */
export function filesIn(folder: string): Record<string, string> {
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' }).sort();
  return Object.fromEntries(
    names
      .filter((name) => /\.(json|pem)$/.test(name))
      .map((name) => [name, readFileSync(`${folder}/${name}`, 'utf8')]),
  );
}
