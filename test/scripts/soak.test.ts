import { once, type EventEmitter } from 'node:events';
import { inspect } from 'node:util';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { Message } from 'azure-iot-device';
import { createSelfSignedCertificate } from 'azure-iot-certificates';
import { isMosquittoInstalled } from '../../scripts/bench/harness/mosquitto';
import { formatReport, runSoak, type HubKind } from '../../scripts/soak';
import { connectOver } from '../../src/connection/managed-connection';
import { expectNothingLeft } from '../support/leaks';
import { MockHubTransport, MockProvisioningTransport } from '../support/mock-transports';

/* Many faults in a short time: nothing is lost, and nothing is left behind. `npm run soak` does more of it, for longer. */

async function soak(hub: HubKind): Promise<void> {
  const seed = 20_261_122;
  const quiet = () => undefined;
  const report = await runSoak({ hub, seconds: 8, seed, devices: 2, isStrict: false, log: quiet });
  const failed = report.checks.filter(({ ok }) => !ok);
  if (failed.length > 0) throw new Error(formatReport(report));
}

test('what devices and services exchange is accounted for while the network, hubs and operators misbehave', async () => {
  await soak('emulator');
}, 120_000);

if (isMosquittoInstalled()) {
  test('what devices send through a network that misbehaves, from the first connection on, arrives at mosquitto', async () => {
    await soak('mosquitto');
  }, 90_000);
}

/** Listeners by event. */
function listeners(emitter: EventEmitter): Map<string | symbol, number> {
  return new Map(emitter.eventNames().map((name) => [name, emitter.listenerCount(name)]));
}

async function collectGarbage(): Promise<void> {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  // What a promise refers to is let go of a turn later.
  for (let round = 0; round < 3; round += 1) {
    await new Promise((resolve) => setImmediate(resolve));
    collect();
  }
}

test('ten thousand drops leave no listener, no timer, no handle and no old connection behind', async () => {
  const DROPS = 10_000;
  const certificate = await createSelfSignedCertificate({
    commonName: 'dev-1',
    subject: { organization: 'Contoso' },
  });
  const warnings: Error[] = [];
  const onWarning = (warning: Error) => void warnings.push(warning);
  process.on('warning', onWarning);
  const old: WeakRef<MockHubTransport>[] = [];
  let registrations = 0;
  let drops = 0;
  let latest: MockHubTransport | undefined;

  await expectNothingLeft(async () => {
    const connection = await connectOver(
      {
        provisioning: () => {
          registrations += 1;
          const registrationState = { deviceId: 'dev-1', assignedHub: 'hub.example', status: 'assigned' };
          return new MockProvisioningTransport({
            result: { operationId: '5.op', status: 'assigned', registrationState },
          });
        },
        hub: () => {
          latest = new MockHubTransport();
          if (old.length < 100) old.push(new WeakRef(latest));
          return latest.asTransport();
        },
      },
      {
        enrollment: 'hub-individual',
        idScope: '0ne00ABCDEF',
        cert: certificate.certificate,
        key: certificate.privateKey,
        reconnect: { minDelayMs: 0, maxDelayMs: 0 },
      },
    );
    const { client } = connection;
    client.on('message', () => undefined);
    client.onDeviceMethod('reboot', (_request, response) => void response.send(200));
    const twin = await client.getTwin();
    twin.on('properties.desired', () => undefined);
    // Until its stack is looked at, an error keeps all that was on it, and test/secrets-setup.ts keeps every error.
    connection.on('state', (state) => void inspect(state));
    const before = [client, connection, twin].map(listeners);
    const dropOnce = async () => {
      latest?.emit('disconnect', new Error('gone'));
      drops += 1;
      do await once(connection, 'state');
      while (connection.state.status !== 'connected');
    };
    while (drops < DROPS) await dropOnce();
    await client.sendEvent(new Message('still here'));

    expect([client, connection, twin].map(listeners)).toEqual(before);
    expect(registrations).toBe(1);
    expect(connection.client).toBe(client);
    await collectGarbage();
    const alive = old.filter((reference) => reference.deref() !== undefined);
    // The very first one may still be held by the promise of the first connection.
    expect(alive.length).toBeLessThanOrEqual(1);
    await connection.close();
  });

  process.off('warning', onWarning);
  // Node warns of the eleventh listener, also of those to an AbortSignal, which cannot be counted otherwise.
  expect(warnings).toEqual([]);
}, 240_000);
