import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { createServer as createHttpsServer } from 'node:https';
import {
  createRootCertificate,
  createSelfSignedCertificate,
  type IssuedCertificate,
} from 'azure-iot-certificates';
import { startEmulator } from 'azure-iot-emulator';
import { createServerCertificate } from '../../../certificates/src/making/server';
import { callWebhook, DEFAULT_WEBHOOK_LIMITS, type WebhookLimits } from '../../src/dps/allocation/webhook';
import { expectNothingLeft } from '../../../../test/support/leaks';
import { connectToDps, register } from '../support/clients';
import { useEmulator } from '../support/emulator';
import { jsonOf } from '../support/raw-client';
import { Webhook } from '../support/webhook';

/* Webhooks that choose the hub of a device. */

const REGISTER = '$dps/registrations/PUT/iotdps-register/';

const context = useEmulator({ hubs: ['north', 'south'] });
let count = 0;

async function enroll(webhookUrl: string, emulator = context.emulator): Promise<[string, IssuedCertificate]> {
  const id = `hooked-${(count += 1)}`;
  const device = await createSelfSignedCertificate({ commonName: id });
  emulator.dps.individualEnrollments.create({
    registrationId: id,
    primaryCertificate: device.certificate,
    allocationPolicy: 'custom',
    customAllocationDefinition: { webhookUrl, apiVersion: '2021-10-01' },
  });
  return [id, device];
}

async function outcome(webhookUrl: string): Promise<Record<string, unknown>> {
  const [id, device] = await enroll(webhookUrl);
  return (await register(context.emulator, device, id)).state;
}

it('A webhook gets the request as JSON, without the secret of its URL, and its answer decides', async () => {
  const { emulator } = context;
  await using webhook = await Webhook.listen();
  webhook.answerJson(({ linkedHubs: [, south] }) => ({ iotHubHostName: south, payload: { line: 7 } }));
  const [id, device] = await enroll(webhook.url);
  const { state } = await register(emulator, device, id, { payload: { model: 'P-1' } });
  expect(state).toMatchObject({
    status: 'assigned',
    assignedHub: emulator.hubs[1]?.hostName,
    payload: { line: 7 },
  });
  const [call] = webhook.calls;
  expect(webhook.calls).toHaveLength(1);
  expect(call?.request).toMatchObject({ method: 'POST', url: '/api/allocate?code=secret' });
  expect(call?.request.headers).toMatchObject({ 'content-type': 'application/json; charset=utf-8' });
  expect(call?.question).toMatchObject({
    individualEnrollment: {
      registrationId: id,
      customAllocationDefinition: {
        webhookUrl: webhook.url.replace('code=secret', '****'),
        apiVersion: '2021-10-01',
      },
    },
    deviceRuntimeContext: { registrationId: id, payload: { model: 'P-1' } },
  });
});

it.each([400, 404, 429, 500])(
  'A webhook that answers %d fails the registration with that status',
  async (status) => {
    await using webhook = await Webhook.listen();
    webhook.answerJson(() => ({ message: 'no' }), status);
    expect(await outcome(webhook.url)).toMatchObject({
      status: 'failed',
      errorCode: 400207,
      errorMessage: `Custom allocation failed with status code: ${status}`,
    });
  },
);

it('A redirection of a webhook is not followed', async () => {
  await using elsewhere = await Webhook.listen();
  elsewhere.answerJson(() => ({ iotHubHostName: 'north' }));
  await using webhook = await Webhook.listen();
  webhook.answerWith(({ response }) => response.writeHead(307, { location: elsewhere.url }).end());
  expect(await outcome(webhook.url)).toMatchObject({
    errorMessage: 'Custom allocation failed with status code: 307',
  });
  expect(elsewhere.calls).toEqual([]);
});

it.each<[string, string, RegExp]>([
  ['nothing', '', /200\. The response is not a JSON object/],
  ['something else', '<html>', /200\. The response is not a JSON object/],
  ['a hub that is not linked', '{"iotHubHostName":"west.example"}', /200\. The response names west\.example/],
])('A webhook that answers %s fails the registration', async (_what, body, message) => {
  await using webhook = await Webhook.listen();
  webhook.answerWith(({ response }) => response.end(body));
  const state = await outcome(webhook.url);
  expect(state).toMatchObject({ status: 'failed', errorCode: 400207 });
  expect(state['errorMessage']).toMatch(message);
});

it('A webhook that cannot be reached fails the registration', async () => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  expect(await outcome(`http://127.0.0.1:${port}/`)).toMatchObject({
    errorCode: 400207,
    errorMessage:
      'Custom allocation failed with status code: 502. The webhook could not be reached, or broke off.',
  });
});

it('A webhook that ends its connection early fails the registration', async () => {
  await using webhook = await Webhook.listen();
  webhook.answerWith(({ response }) => {
    response.writeHead(200, { 'content-length': 100 });
    response.write('{"iotHubHostName":', () => response.destroy());
  });
  expect(await outcome(webhook.url)).toMatchObject({ errorCode: 400207 });
});

it('A webhook over HTTPS needs a certificate that the process of the emulator trusts', async () => {
  const root = await createRootCertificate({ commonName: 'Nobody knows me' });
  const { fullChain, privateKey } = await createServerCertificate({
    commonName: 'localhost',
    issuer: root,
    hostNames: ['localhost'],
  });
  const server = createHttpsServer({ cert: fullChain, key: privateKey }, (_request, response) => {
    response.end('{"iotHubHostName":"north"}');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  try {
    expect(await outcome(`https://localhost:${port}/`)).toMatchObject({
      errorCode: 400207,
      errorMessage: expect.stringContaining('502') as unknown,
    });
  } finally {
    server.close();
  }
});

it('The connection to a webhook ends when the device disconnects', async () => {
  const { emulator } = context;
  await using webhook = await Webhook.listen();
  const [id, device] = await enroll(webhook.url);
  {
    await using client = await connectToDps(emulator, device, id);
    client.publish(`${REGISTER}?$rid=1`);
    expect(jsonOf(await client.expect('publish'))).toMatchObject({ status: 'assigning' });
    await webhook.call();
  }
  const { response } = await webhook.call();
  if (!response.destroyed) await once(response, 'close');
  expect(response.writableFinished).toBe(false);
});

it('The connection to a webhook ends when the emulator is closed', async () => {
  await using webhook = await Webhook.listen();
  await expectNothingLeft(async () => {
    const emulator = await startEmulator();
    const [id, device] = await enroll(webhook.url, emulator);
    await using client = await connectToDps(emulator, device, id);
    client.publish(`${REGISTER}?$rid=1`);
    const { response } = await webhook.call();
    await emulator.close();
    if (!response.destroyed) await once(response, 'close');
  });
});

describe('the call of a webhook', () => {
  const call = (url: string, limits: Partial<WebhookLimits>, signal = new AbortController().signal) =>
    callWebhook(url, '{}', signal, { ...DEFAULT_WEBHOOK_LIMITS, ...limits });

  it('fails when there is no answer in time', async () => {
    await using webhook = await Webhook.listen();
    await expect(call(webhook.url, { timeoutMs: 30 })).rejects.toMatchObject({
      status: 504,
      message: 'There was no response within 30 ms.',
    });
  });

  it('fails when the answer comes too slowly', async () => {
    await using webhook = await Webhook.listen();
    webhook.answerWith(({ response }) => void response.write('{'));
    await expect(call(webhook.url, { timeoutMs: 100 })).rejects.toMatchObject({ status: 504 });
    const { response } = await webhook.call();
    if (!response.destroyed) await once(response, 'close');
  });

  it('fails when the answer is too large, announced or not', async () => {
    await using webhook = await Webhook.listen();
    webhook.answerWith(({ response }) => void response.write(' '.repeat(2000)));
    await expect(call(webhook.url, { maxResponseBytes: 1000 })).rejects.toMatchObject({
      status: 502,
      message: 'The response is larger than 1000 bytes.',
    });
  });

  it('does not begin with an aborted signal', async () => {
    await using webhook = await Webhook.listen();
    await expect(call(webhook.url, {}, AbortSignal.abort())).rejects.toMatchObject({ status: 502 });
    expect(webhook.calls).toEqual([]);
  });

  it('leaves no socket or listener behind', async () => {
    await using webhook = await Webhook.listen();
    webhook.answerJson(() => ({}));
    await expectNothingLeft(async () => {
      expect(await call(webhook.url, {})).toEqual({ status: 200, text: '{}' });
    });
  });
});
