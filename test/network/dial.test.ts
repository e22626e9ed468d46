import { once } from 'node:events';
import { createSelfSignedCertificate } from 'azure-iot-certificates';
import { loadInTurns } from '../../src/network/sdk-mqtt-client';
import { transportUri } from '../../src/network/stream';
import { Wire } from '../../src/network/wire';
import { WireError } from '../../src/errors/wire-error';
import { expectNothingLeft } from '../support/leaks';
import { startScriptedServer, type ScriptedServer } from '../support/scripted-server';

/* Connecting ahead of the SDK, which takes longer to load than a server to answer. */

let x509: { cert: string; key: string };
beforeAll(async () => {
  const { certificate, privateKey } = await createSelfSignedCertificate({ commonName: 'pump-1' });
  x509 = { cert: certificate, key: privateKey };
});

function wireTo({ ca }: Pick<ScriptedServer, 'ca'>): Wire {
  return new Wire({
    ca: [ca],
    keepAliveSeconds: 60,
    connectTimeoutMs: 10_000,
  });
}

/** What the SDK gets to hear after it has connected. */
async function outcome(wire: Wire, uri: string): Promise<unknown> {
  wire.connect(uri, { ...x509, clientId: 'pump-1' });
  return await new Promise((resolve) =>
    wire.once('connect', () => resolve('connected')).once('error', resolve),
  );
}

test('the handshake is over while packages are still loaded, and the SDK goes on with the same connection', async () => {
  await expectNothingLeft(async () => {
    const secured: string[] = [];
    await using server = await startScriptedServer(async (client) => {
      secured.push('secured');
      await client.accept();
    });
    const wire = wireTo(server);
    // As long as it takes: a package is loaded again and again until the server has seen the certificate.
    const packages = function* (): Generator<() => unknown> {
      while (secured.length === 0) yield () => 'a package';
    };
    wire.dial(transportUri('mqtt', server.endpoint), x509);
    await loadInTurns(packages());
    expect(await outcome(wire, `mqtts://${server.endpoint}`)).toBe('connected');
    expect(server.clients).toHaveLength(1);
    wire.fail({ kind: 'closed' });
  });
});

test('the SDK gets the error of a connection that failed before the SDK used it', async () => {
  await expectNothingLeft(async () => {
    const server = await startScriptedServer(() => undefined);
    await server.close();
    const wire = wireTo(server);
    wire.dial(`mqtts://${server.endpoint}`, x509);
    await once(wire.over, 'abort');
    const error = await outcome(wire, `mqtts://${server.endpoint}`);
    expect(error).toBeInstanceOf(WireError);
    expect(error).toMatchObject({ failure: { kind: 'socket', error: { code: 'ECONNREFUSED' } } });
  });
});

test('the SDK gets the error of a key that does not match the certificate', async () => {
  await using server = await startScriptedServer(() => undefined);
  const other = await createSelfSignedCertificate({ commonName: 'pump-2' });
  const wire = wireTo(server);
  wire.dial(`mqtts://${server.endpoint}`, { ...x509, key: other.privateKey });
  expect(await outcome(wire, `mqtts://${server.endpoint}`)).toMatchObject({ failure: { kind: 'socket' } });
});

test('a connection that the SDK never uses leaves nothing behind', async () => {
  await expectNothingLeft(async () => {
    await using server = await startScriptedServer(() => undefined);
    const wire = wireTo(server);
    wire.dial(`mqtts://${server.endpoint}`, x509);
    wire.fail({ kind: 'closed' });
  });
});

test('a wire serves one connection and cannot be used again', async () => {
  await using server = await startScriptedServer((client) => client.accept());
  const wire = wireTo(server);
  const uri = `mqtts://${server.endpoint}`;
  expect(await outcome(wire, uri)).toBe('connected');
  expect(await outcome(wire, uri)).toMatchObject({ failure: { kind: 'lost' } });
  wire.fail({ kind: 'closed' });
});
