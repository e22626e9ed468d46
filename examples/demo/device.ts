import { strict as assert } from 'node:assert';
import { once } from 'node:events';
import type { EnrollmentKind } from 'azure-iot-certificates';
import type { Emulator, HubEvents } from 'azure-iot-emulator';
import { checkCredentials, connectDevice, Message, type DeviceConnection } from 'azure-iot-x509';
import { KINDS } from './kinds';

/** Runs a step and shows what came of it. Rejects when the step fails. */
export type Step = (name: string, run: () => Promise<string>) => Promise<void>;

/** How long the service may take to see something, in milliseconds. */
const TIMEOUT_MS = 15_000;

/** Takes one device from its certificate to messages in both directions, step by step. */
export async function runDevice(enrollment: EnrollmentKind, emulator: Emulator, step: Step): Promise<void> {
  const kind = KINDS[enrollment];
  const { registrationId: deviceId, modelId } = kind;
  const hub = kind.hub(emulator);
  const signal = () => AbortSignal.timeout(TIMEOUT_MS);
  /** The next event of the hub; its listener is there before the device does anything. */
  const seen = async <Name extends keyof HubEvents>(name: Name, trigger: () => unknown) => {
    const [events] = await Promise.all([once(hub, name, { signal: signal() }), trigger()]);
    const event: unknown = events[0];
    return event as HubEvents[Name][0];
  };

  const { device, enrolled, made } = await kind.makeCertificates();
  const credentials = { enrollment, cert: device.fullChain, key: device.privateKey };
  await step('certificates', async () => {
    const { ok } = await checkCredentials(credentials);
    assert(ok, 'the check of the credentials found an error');
    return `made ${made}; the common name (CN) is ${deviceId}`;
  });
  await step('enroll', () => kind.enroll(emulator, enrolled));

  const opened: DeviceConnection[] = [];
  await step('connect', async () => {
    const { globalEndpoint, ca } = emulator;
    const idScope = kind.idScope(emulator);
    const model = modelId === undefined ? {} : { modelId };
    // `ca` is for the emulator only: every computer trusts the servers of Azure.
    opened.push(await connectDevice({ ...credentials, idScope, globalEndpoint, ca, ...model }));
    const identity = hub.devices.get(deviceId);
    assert.equal(identity?.connectionState, 'Connected');
    assert.equal(identity.modelId, modelId);
    return `the device is ${kind.status(emulator) ?? 'unknown'}; hub ${hub.hostName} lists it as Connected`;
  });
  const [connection] = opened;
  if (connection === undefined) return;
  try {
    await exchange(connection);
  } finally {
    await connection.close();
  }

  async function exchange(device: DeviceConnection): Promise<void> {
    const { client } = device;
    await step('telemetry', async () => {
      const message = new Message('{"temperature":21.5}');
      message.properties.add('alert', 'no');
      const { body, properties } = await seen('telemetry', () => client.sendEvent(message));
      assert.deepEqual([body.toString(), properties], ['{"temperature":21.5}', { alert: 'no' }]);
      return `the hub received ${body.toString()} with property alert=no`;
    });
    await step('cloud-to-device', async () => {
      const received = once(client, 'message', { signal: signal() });
      const { outcome } = await hub.sendCloudToDevice(deviceId, { body: 'Filter change is due' });
      const [message] = (await received) as [Message];
      assert.equal(message.getBytes().toString(), 'Filter change is due');
      await client.complete(message);
      assert.equal(await outcome, 'Success');
      return 'the service sent "Filter change is due"; the device completed it, as the hub recorded';
    });
    await step('direct method', async () => {
      await seen('deviceSubscribed', () => {
        client.onDeviceMethod('reboot', (_request, response) => {
          response.send(200, { rebooting: true }).catch(() => undefined);
        });
      });
      const call = { methodName: 'reboot', payload: { delaySeconds: 5 } };
      const { status, payload } = await hub.invokeMethod(deviceId, call);
      assert.deepEqual([status, payload], [200, { rebooting: true }]);
      return 'the service called reboot({"delaySeconds":5}) and got 200 {"rebooting":true}';
    });
    await step('device twin', async () => {
      const twin = await client.getTwin();
      // The SDK types all of `reported` as `any`, its method `update` included.
      const { update } = twin.properties.reported as {
        update: (patch: object, done: () => void) => void;
      };
      await seen('deviceSubscribed', () => {
        twin.on('properties.desired', ({ interval }: { interval?: number }) => {
          if (interval !== undefined) update({ interval }, () => undefined);
        });
      });
      const { reported } = await seen('reportedPropertiesUpdated', () =>
        hub.updateDesiredProperties(deviceId, { interval: 30 }),
      );
      assert.equal(reported['interval'], 30);
      return 'the service set the desired property {"interval":30}; the device reported it as applied';
    });
    await step('disconnect', async () => {
      await seen('deviceDisconnected', () => device.close());
      const { connectionState } = hub.devices.get(deviceId) ?? {};
      assert.equal(connectionState, 'Disconnected');
      return 'the device closed the connection; the hub lists it as Disconnected';
    });
  }
}
