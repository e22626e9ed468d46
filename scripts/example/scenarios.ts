import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { EnrollmentKind } from 'azure-iot-x509';
import { createSelfSignedCertificate, writeCertificate } from 'azure-iot-certificates';
import {
  call,
  expectThat,
  nextEvent,
  reported,
  send,
  subscribed,
  telemetries,
  tell,
  type Stage,
} from './service';

/** The setup that an example needs to run against the emulator. */
export interface Scenario {
  /** The kind of enrollment. */
  readonly kind: EnrollmentKind;
  /** The program, below `examples/`. */
  readonly file: string;
  /** Prepares the world of the example; resolves with further environment variables. */
  readonly prepare?: (stage: Omit<Stage, 'signal'>) => Promise<NodeJS.ProcessEnv>;
  /** Plays the service. Rejects when it does not see what the example promises. */
  readonly serve: (stage: Stage) => Promise<void>;
  /** The signal that ends a program that runs until it gets one. */
  readonly endsBy?: NodeJS.Signals;
}

const METHODS = '$iothub/methods/POST/';
const TWIN = '$iothub/twin/PATCH/properties/desired/';

/** The examples of the enrollment kinds show a little of everything. */
function ofKind(kind: EnrollmentKind): Scenario {
  return {
    kind,
    file: kind,
    serve: async (stage) => {
      await telemetries(stage, 1);
      const { hub, deviceId } = stage;
      await send(stage, 'Hello, device');
      hub.updateDesiredProperties(deviceId, { reportEverySeconds: 30 });
      await call(stage, 'stop', null, 200);
      tell('sent a message and a desired property, called the direct method "stop"');
    },
  };
}

/** The devices behind the gateway of `many-devices.ts`. */
const FLEET_SIZE = 25;

async function enrollFleet({ emulator, directory }: Omit<Stage, 'signal'>): Promise<NodeJS.ProcessEnv> {
  const devices = join(directory, 'devices');
  await mkdir(devices);
  for (let number = 1; number <= FLEET_SIZE; number++) {
    const registrationId = `sensor-${number}`;
    const device = await createSelfSignedCertificate({ commonName: registrationId });
    const { certificate: primaryCertificate } = device;
    emulator.dps.individualEnrollments.create({ registrationId, primaryCertificate });
    await writeCertificate(device, { directory: devices, name: registrationId });
  }
  return { DEVICES_DIRECTORY: devices };
}

/** The setup of each example, by its name. */
export const SCENARIOS: Readonly<Record<string, Scenario>> = {
  'hub-individual': ofKind('hub-individual'),
  'hub-group': ofKind('hub-group'),
  'central-individual': ofKind('central-individual'),
  'central-group': ofKind('central-group'),
  telemetry: {
    kind: 'hub-individual',
    file: 'telemetry',
    serve: async (stage) => {
      const messages = await telemetries(stage, 3);
      const levels = messages.map(({ properties }) => properties['level']);
      expectThat(levels.join() === 'normal,normal,critical', 'the levels normal, normal, critical');
      expectThat(
        messages.every(({ systemProperties }) => systemProperties.contentType === 'application/json'),
        'the content type application/json',
      );
    },
  },
  'cloud-to-device': {
    kind: 'hub-individual',
    file: 'cloud-to-device',
    serve: async (stage) => {
      await subscribed(stage, `devices/${stage.deviceId}/messages/devicebound/`);
      await send(stage, 'hello', { urgency: 'low' });
      await send(stage, 'goodbye');
    },
  },
  'direct-methods': {
    kind: 'hub-individual',
    file: 'direct-methods',
    serve: async (stage) => {
      await subscribed(stage, METHODS);
      await call(stage, 'openValve', { percent: 40 }, 200);
      await call(stage, 'openValve', { percent: 400 }, 400);
      const answer = await call(stage, 'shutDown', null, 200);
      expectThat(JSON.stringify(answer) === '{"openPercent":40}', 'the valve open by 40 %');
    },
  },
  twin: {
    kind: 'hub-individual',
    file: 'twin',
    serve: async (stage) => {
      const { hub, deviceId } = stage;
      await subscribed(stage, TWIN);
      for (const intervalSeconds of [30, 0]) {
        const applied = reported(stage, (properties) => properties['intervalSeconds'] === intervalSeconds);
        hub.updateDesiredProperties(deviceId, { intervalSeconds });
        await applied;
      }
      expectThat(hub.getTwin(deviceId).properties.reported['firmware'] === '1.2.0', 'the firmware version');
    },
  },
  'plug-and-play': {
    kind: 'central-individual',
    file: 'plug-and-play',
    serve: async (stage) => {
      const { hub, deviceId } = stage;
      const listening = Promise.all([subscribed(stage, TWIN), subscribed(stage, METHODS)]);
      const [message] = await telemetries(stage, 1);
      expectThat(
        message?.systemProperties.componentName === 'thermostat1',
        'telemetry of the component thermostat1',
      );
      await listening;
      const acknowledged = reported(stage, ({ thermostat1 }) =>
        JSON.stringify(thermostat1 ?? '').includes('"ac":200'),
      );
      hub.updateDesiredProperties(deviceId, { thermostat1: { __t: 'c', targetTemperature: 23 } });
      await acknowledged;
      await call(stage, 'thermostat1*getMaxMinReport', null, 200);
      const { modelId } = hub.getTwin(deviceId);
      expectThat(modelId === 'dtmi:com:example:TemperatureController;1', 'the model ID in the twin');
    },
  },
  'file-upload': {
    kind: 'hub-individual',
    file: 'file-upload',
    serve: async (stage) => {
      const uploaded = await nextEvent(stage, 'fileUploaded', ({ deviceId }) => deviceId === stage.deviceId);
      expectThat(uploaded.isSuccess && uploaded.blobSizeInBytes === 260_000, 'a file of 260000 bytes');
      tell(`${uploaded.blobName}: ${uploaded.blobSizeInBytes} bytes`);
    },
  },
  rotation: {
    kind: 'hub-individual',
    file: 'rotation',
    prepare: async ({ emulator, deviceId, directory }) => {
      const renewed = await createSelfSignedCertificate({ commonName: deviceId });
      emulator.dps.individualEnrollments.update(deviceId, { secondaryCertificate: renewed.certificate });
      const { deviceCertFile, keyFile } = await writeCertificate(renewed, { directory, name: 'renewed' });
      return { RENEWED_CERTIFICATE_FILE: deviceCertFile, RENEWED_KEY_FILE: keyFile };
    },
    serve: async (stage) => {
      const { hub, deviceId } = stage;
      const before = hub.devices.get(deviceId)?.authentication;
      const messages = await telemetries(stage, 2);
      expectThat(messages.at(-1)?.body.toString() === '{"renewing":false}', 'both messages, in order');
      const after = hub.devices.get(deviceId)?.authentication;
      expectThat(JSON.stringify(before) !== JSON.stringify(after), 'another certificate at the hub');
    },
  },
  'remembered-assignment': {
    kind: 'hub-individual',
    file: 'remembered-assignment',
    prepare: ({ directory }) => Promise.resolve({ ASSIGNMENT_FILE: join(directory, 'assignment.json') }),
    serve: async (stage) => {
      const connected = async (): Promise<string | undefined> => {
        await nextEvent(stage, 'deviceConnected', ({ deviceId }) => deviceId === stage.deviceId);
        return stage.emulator.dps.registrations.get(stage.deviceId)?.lastUpdatedDateTimeUtc;
      };
      const first = await connected();
      const second = await connected();
      expectThat(first === second, 'one registration for two starts');
      tell('the device connected twice and registered once');
    },
  },
  'many-devices': {
    kind: 'hub-individual',
    file: 'many-devices',
    prepare: enrollFleet,
    serve: async (stage) => {
      const senders = new Set<string>();
      await nextEvent(stage, 'telemetry', ({ deviceId }) => senders.add(deviceId).size === FLEET_SIZE);
      tell(`received from ${senders.size} devices`);
    },
  },
  gateway: {
    kind: 'hub-group',
    file: 'gateway/gateway',
    prepare: ({ directory }) => Promise.resolve({ ASSIGNMENT_FILE: join(directory, 'assignment.json') }),
    serve: async (stage) => {
      await telemetries(stage, 1);
      await stage.hub.stop();
      tell('the hub is away for a moment');
      await stage.hub.start();
      await telemetries(stage, 2);
    },
    endsBy: 'SIGTERM',
  },
};
