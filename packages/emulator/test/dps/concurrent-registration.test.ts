import { createSelfSignedCertificate, type IssuedCertificate } from 'azure-iot-certificates';
import { startEmulator, type Emulator } from 'azure-iot-emulator';
import { RegistrationsInProgress } from '../../src/dps/registrations/registrations-in-progress';
import { connectToDps } from '../support/clients';
import { useEmulator } from '../support/emulator';
import { jsonOf, type RawClient } from '../support/raw-client';

/* One device that registers twice at once. */

const REGISTER = '$dps/registrations/PUT/iotdps-register/?$rid=1';
const STATUS = '$dps/registrations/GET/iotdps-get-operationstatus/?$rid=2';

const context = useEmulator();
let count = 0;

async function enroll(emulator: Emulator = context.emulator): Promise<[string, IssuedCertificate]> {
  const id = `twin-${(count += 1)}`;
  const device = await createSelfSignedCertificate({ commonName: id });
  emulator.dps.individualEnrollments.create({ registrationId: id, primaryCertificate: device.certificate });
  return [id, device];
}

/** The topic and the body of the answer to a registration. */
async function registerOver(client: RawClient): Promise<{ topic: string; body: Record<string, unknown> }> {
  client.publish(REGISTER);
  const answer = await client.expect('publish');
  return { topic: answer.topic, body: jsonOf(answer) };
}

async function pollUntilAssigned(client: RawClient, operationId: unknown): Promise<void> {
  for (;;) {
    client.publish(`${STATUS}&operationId=${String(operationId)}`);
    if ((await client.expect('publish')).topic.includes('/res/200/')) return;
  }
}

it('A second registration of a device is refused while the first one is under way, keeps its connection, and may be repeated', async () => {
  const { emulator } = context;
  const [id, device] = await enroll();
  await using first = await connectToDps(emulator, device, id);
  await using second = await connectToDps(emulator, device, id.toUpperCase());
  const { body } = await registerOver(first);
  const refused = await registerOver(second);
  expect(refused.topic).toBe('$dps/registrations/res/409/?$rid=1');
  expect(refused.body).toEqual({
    errorCode: 409203,
    trackingId: expect.stringMatching(/^[0-9a-f-]{36}$/) as unknown,
    message: 'Precondition failed.',
    timestampUtc: expect.stringMatching(/\.\d{7}Z$/) as unknown,
  });
  await second.ping();
  await pollUntilAssigned(first, body['operationId']);
  expect((await registerOver(second)).topic).toMatch('/res/202/');
});

it('A device may register twice at once on one connection', async () => {
  const [id, device] = await enroll();
  await using client = await connectToDps(context.emulator, device, id);
  expect((await registerOver(client)).topic).toMatch('/res/202/');
  expect((await registerOver(client)).topic).toMatch('/res/202/');
});

it.each(['drop', 'disconnect'] as const)(
  'A registration is not refused because of an earlier connection that has ended by %s',
  async (end) => {
    const { emulator } = context;
    const [id, device] = await enroll();
    for (let attempt = 0; attempt < 3; attempt++) {
      await using client = await connectToDps(emulator, device, id);
      expect((await registerOver(client)).topic).toMatch('/res/202/');
      await client[end]();
    }
  },
);

it('A registration that is under way does not concern other devices', async () => {
  const { emulator } = context;
  const [id, device] = await enroll();
  const [otherId, other] = await enroll();
  await using first = await connectToDps(emulator, device, id);
  await using second = await connectToDps(emulator, other, otherId);
  await registerOver(first);
  expect((await registerOver(second)).topic).toMatch('/res/202/');
});

it('Concurrent registrations of one device can be allowed', async () => {
  await using emulator = await startEmulator({ unverifiedBehavior: { concurrentRegistration: 'allowed' } });
  const [id, device] = await enroll(emulator);
  await using first = await connectToDps(emulator, device, id);
  await using second = await connectToDps(emulator, device, id);
  const operations = [await registerOver(first), await registerOver(second)];
  expect(operations.map(({ topic }) => topic.includes('/res/202/'))).toEqual([true, true]);
  await pollUntilAssigned(first, operations[0]?.body['operationId']);
  await pollUntilAssigned(second, operations[1]?.body['operationId']);
});

it('A registration is not refused because of an earlier connection that is silent', () => {
  const inProgress = new RegistrationsInProgress();
  let isActive = true;
  const silent = { isActive: () => isActive };
  const operation = { operationId: '1', registrationId: 'Sensor-1', outcome: undefined, remainingPolls: 0 };
  inProgress.add(operation, silent);
  expect(inProgress.isBusy('sensor-1', { isActive: () => true })).toBe(true);
  expect(inProgress.isBusy('sensor-1', undefined)).toBe(true);
  isActive = false;
  expect(inProgress.isBusy('sensor-1', { isActive: () => true })).toBe(false);
});
